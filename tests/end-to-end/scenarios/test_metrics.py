"""A real Prometheus scrapes the control plane, and its alerts fire when the majority is gone."""

import pathlib
import urllib.request

from harness import api
from harness.prometheus import RULES, Prometheus, metrics_in
from harness.wait import until

ALERTS = pathlib.Path(__file__).parents[3] / "docs" / "alerts.md"


def page(address):
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        return answer.read().decode()


def every_alert_and_every_metric_is_explained(told):
    explained = ALERTS.read_text()
    alerts = [line.split(":")[1].strip() for line in RULES.read_text().splitlines()
              if "- alert:" in line]
    assert len(alerts) >= 10
    for alert in alerts:
        assert f"## {alert}\n" in explained, f"docs/alerts.md does not say what to do for {alert}"
        assert f"alerts.md#{alert.lower()}" in RULES.read_text()
    missing = {name for name in told
               if f"`{name}`" not in explained and f"`{name}_total`" not in explained}
    assert not missing, f"docs/alerts.md does not explain {missing}"


def test_prometheus_sees_the_cluster_and_says_when_the_majority_is_gone(
        replicas, prometheus_binary, tmp_path):
    addresses = [replicas.metrics[number] for number in (1, 2, 3)]
    prometheus = Prometheus(prometheus_binary, tmp_path, addresses)
    try:
        replicas.call(2, "OrganizationService", "CreateOrganization",
                      api.organizations_pb2.CreateOrganizationRequest(id="acme"), replicas.root_key)
        until(lambda: prometheus.query("sum(up)") == [3], what="three targets")
        until(lambda: prometheus.query("sum(veto_raft_is_leader)") == [1], what="one leader")
        until(lambda: prometheus.query("min(veto_raft_voters)") == [3], what="three voters")
        until(lambda: prometheus.query('sum(veto_raft_proposals_total{code="OK"})') > [0],
              what="a proposal")
        rules = prometheus.rules()
        assert {rule["health"] for rule in rules} <= {"ok", "unknown"}
        known = set().union(*(metrics_in(page(address)) for address in addresses))
        for rule in rules:
            unknown = metrics_in(rule["query"]) - known
            assert not unknown, f"{rule['name']} asks for what no replica tells: {unknown}"
        every_alert_and_every_metric_is_explained(known)

        leader = replicas.leader()
        other = leader % 3 + 1
        for number in (leader, other):
            replicas.processes[number].kill()
        until(lambda: {"VetoReplicaDown", "VetoQuorumAtRisk"} <= prometheus.alerts(),
              seconds=60, what="alerts about lost replicas")
        until(lambda: "VetoBundlesStale" in prometheus.alerts(),
              seconds=90, what="the alert about bundles")
        for number in (leader, other):
            replicas.processes[number].start()
        until(lambda: not {"VetoReplicaDown", "VetoBundlesStale"} & prometheus.alerts(),
              seconds=90, what="the end of the alerts")
    finally:
        prometheus.stop()
