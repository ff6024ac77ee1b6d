"""One call, from policy file to kept record, with a client that is not ours."""

import csv
import io
import json

from harness import api
from harness.wait import until

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def authorize(node, token, tool, arguments, **fields):
    request = api.check_request(tool, arguments, **fields)
    return node.call("AuthorizationService", "Authorize", request, token, TRACE).decision


def export(cluster, token, form):
    request = api.records_pb2.ExportRecordsRequest(
        filter=api.records_pb2.RecordFilter(project="shop"), format=form)
    pieces = list(cluster.ledger_api.call("RecordService", "ExportRecords", request, token))
    return b"".join(piece.data for piece in pieces), pieces[-1]


def test_a_call_is_decided_recorded_and_exported(cluster):
    acme, node = cluster.acme, cluster.nodes[0]
    token = acme.token()

    allowed = authorize(node, token, "payments.refund", '{"amount": 20}', session_id="s-1")
    denied = authorize(node, token, "customers.export", "{}")
    unknown = authorize(node, token, "shell.run", '{"cmd":"id"}')
    large = authorize(node, token, "payments.refund", '{"amount": 51}')

    assert api.OUTCOMES[allowed.outcome] == "allow"
    assert (allowed.policy, allowed.rule) == ("support-refunds", "small-refunds")
    assert api.OUTCOMES[denied.outcome] == "deny"
    assert denied.rule == "never-export"
    assert "data team" in denied.reason.message
    assert api.OUTCOMES[unknown.outcome] == "deny"
    assert "shell.run" in unknown.reason.message
    assert api.OUTCOMES[large.outcome] == "approval"
    assert list(large.approval.terms[0].approvers) == ["role:finance-lead"]
    assert large.approval.expires_seconds == 900

    decisions = [allowed, denied, unknown, large]
    receipts = {d.receipt.hash: d for d in decisions}
    assert len(receipts) == 4 and all(len(h) == 32 for h in receipts)

    stored = until(lambda: found if len(found := [
        r for r in acme.records(project="shop") if r.hash in receipts]) == 4 else None,
        what="four records in the ledger")
    for record in stored:
        decision = receipts[record.hash]
        assert record.decision.outcome == api.OUTCOMES[decision.outcome]
        assert record.decision.policy_version == decision.policy_version == 1
        assert record.decision.trace_id.hex() == TRACE.split("-")[1]
        assert record.decision.agent == "bot-acme"
        assert (record.node, record.boot, record.sequence) == (
            decision.receipt.node, decision.receipt.boot, decision.receipt.sequence)

    assert {r.hash for r in acme.records(tool="*.export")} == {denied.receipt.hash}
    assert large.receipt.hash in {r.hash for r in acme.records(outcome="approval")}
    assert acme.records(agent="nobody") == []
    latest = max(r.time for r in stored)
    assert {r.hash for r in acme.records(**{"from": latest})} & set(receipts)
    assert not {r.hash for r in acme.records(until=min(r.time for r in stored))} & set(receipts)

    ledger_token = acme.ledger_token()
    lines, last = export(cluster, ledger_token, api.records_pb2.EXPORT_FORMAT_JSONL)
    rows = [json.loads(line) for line in lines.splitlines()]
    assert last.records == len(rows) == len(acme.records())
    assert {h.hex() for h in receipts} <= {row["hash"] for row in rows}
    table, last = export(cluster, ledger_token, api.records_pb2.EXPORT_FORMAT_CSV)
    assert len(list(csv.DictReader(io.StringIO(table.decode())))) == last.records == len(rows)


def test_a_batch_is_decided_under_one_bundle(cluster):
    calls = [
        api.authorization_pb2.Call(tool="payments.refund", arguments_json='{"amount": 1}'),
        api.authorization_pb2.Call(tool="payments.refund", arguments_json='{"amount": 1, "amount": 2}'),
        api.authorization_pb2.Call(tool="x.export"),
    ]
    request = api.authorization_pb2.AuthorizeBatchRequest(calls=calls)
    answer = cluster.nodes[0].call(
        "AuthorizationService", "AuthorizeBatch", request, cluster.acme.token())
    first, second, third = answer.results
    assert api.OUTCOMES[first.decision.outcome] == "allow"
    assert second.error.code == "INVALID_ARGUMENTS"
    assert api.OUTCOMES[third.decision.outcome] == "deny"
    assert first.decision.revision == third.decision.revision


def test_a_publish_reaches_every_node_and_the_fleet_says_so(cluster):
    acme = cluster.acme
    text = (POLICY_DENY_ALL)
    version = acme.publish(("support.yaml", text), message="close the shop", author="Ada")
    cluster.wait_enforced(acme, version)
    for node in cluster.nodes:
        decision = authorize(node, acme.token(), "payments.refund", '{"amount": 1}')
        assert (api.OUTCOMES[decision.outcome], decision.policy_version) == ("deny", 2)

    def everywhere():
        nodes = acme.ask("FleetService", "ListNodes", api.fleet_pb2.ListNodesRequest()).nodes
        held = {n.node: n.policy_version for n in nodes if n.scope.environment == "dev"}
        return held == {"node-1": 2, "node-2": 2}

    until(everywhere, what="both nodes acknowledge version 2")
    versions = acme.ask("PolicyService", "ListPolicyVersions",
                        api.policies_pb2.ListPolicyVersionsRequest(scope=api.scope())).versions
    assert [(v.version, v.parent, v.message) for v in versions] == [
        (2, 1, "close the shop"), (1, 0, "first")]
    files = acme.ask("PolicyService", "GetPolicyVersion", api.policies_pb2.GetPolicyVersionRequest(
        scope=api.scope(), version=2)).files
    assert [(f.path, f.text) for f in files] == [("support.yaml", text)]


def test_a_revoked_key_is_refused_everywhere(cluster):
    acme, token = cluster.acme, cluster.acme.token()
    key_id = next(k.id for k in acme.ask(
        "KeyService", "ListKeys", api.keys_pb2.ListKeysRequest()).keys
        if k.kind == api.keys_pb2.KEY_KIND_AGENT)
    acme.ask("KeyService", "RevokeKey", api.keys_pb2.RevokeKeyRequest(id=key_id, reason="leaked"))
    request = api.check_request("payments.refund", '{"amount": 1}')

    def refused(node):
        try:
            node.call("AuthorizationService", "Authorize", request, token)
        except api.grpc.RpcError as error:
            return api.reason_of(error) == "CREDENTIAL_INVALID"
        return False

    for node in cluster.nodes:
        until(lambda node=node: refused(node), what="the revoked key's token is refused")
    api.expect_error("CREDENTIAL_INVALID", acme.token)


POLICY_DENY_ALL = """\
apiVersion: veto/v1
kind: Policy
metadata: { name: closed, description: Nothing goes out today. }
subjects: { roles: [support] }
rules:
  - id: closed
    tools: ['**']
    effect: deny
    reason: The shop is closed.
"""
