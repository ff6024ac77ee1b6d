"""Each process is killed with -9 under load and comes back: nothing acknowledged is missing."""

import random
import threading

import grpc

from harness import api
from harness.cluster import POLICY
from harness.wait import until

# (tool, arguments) → the only outcome that the policy allows, whichever version is in force.
CALLS = {
    ("payments.refund", '{"amount": 20}'): "allow",
    ("payments.refund", '{"amount": 500}'): "approval",
    ("payments.refund", '{"amount": "20"}'): "deny",
    ("customers.export", "{}"): "deny",
    ("shell.run", '{"cmd": "id"}'): "deny",
}


class Load:
    """Agents that keep asking, and an administrator who keeps writing."""

    def __init__(self, cluster):
        self.cluster, self.acme = cluster, cluster.acme
        self.stop = threading.Event()
        self.receipts, self.wrong, self.refused = {}, [], 0
        self.versions, self.keys, self.unknown = [], [], 0
        self.token = self.acme.token()
        self.threads = [threading.Thread(target=self.ask, args=(n, s), daemon=True)
                        for n in range(2) for s in range(2)]
        self.threads.append(threading.Thread(target=self.write, daemon=True))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join(timeout=30)
            assert not thread.is_alive()

    def ask(self, node, seed):
        chance = random.Random(100 * node + seed)
        connection = self.cluster.nodes[node]
        while not self.stop.is_set():
            (tool, arguments), expected = chance.choice(list(CALLS.items()))
            request = api.check_request(tool, arguments)
            try:
                decision = connection.call("AuthorizationService", "Authorize", request,
                                           self.token, deadline=3).decision
            except grpc.RpcError:
                self.refused += 1
                self.stop.wait(0.02)
                continue
            if api.OUTCOMES[decision.outcome] != expected:
                self.wrong.append((tool, arguments, decision))
            self.receipts[decision.receipt.hash] = decision

    def write(self):
        number = 0
        while not self.stop.is_set():
            number += 1
            try:
                version = self.acme.publish(("support.yaml", POLICY), deadline=5,
                                            message=f"change {number}", request_id=f"p-{number}")
                self.versions.append((version.version, version.message))
                self.keys.append(self.acme.create_key(
                    kind=api.keys_pb2.KEY_KIND_CI, description=f"key {number}").split("_")[3])
            except grpc.RpcError:
                self.unknown += 1
            self.stop.wait(0.1)

    def answered(self):
        return len(self.receipts)


def test_kill_9_of_each_process_loses_nothing_acknowledged(cluster):
    acme = cluster.acme
    with Load(cluster) as load:
        for name in ("node-1", "control", "ledger", "node-2", "control", "ledger", "node-1"):
            before, written = load.answered(), len(load.versions)
            until(lambda: load.answered() > before + 40, what=f"load before {name} is killed")
            if name == "control":
                until(lambda: len(load.versions) > written, what="writes before the kill")
            process = cluster.processes[name]
            process.kill()
            if name == "control":  # the nodes answer alone
                middle = load.answered()
                until(lambda: load.answered() > middle + 20, what="answers without a control plane")
            process.start()
            after = load.answered()
            until(lambda: load.answered() > after + 40, what=f"load after {name} is back")
        written = len(load.versions)
        until(lambda: len(load.versions) > written + 1, seconds=40, what="writes at the end")

    assert load.wrong == []
    assert load.refused > 0, "the kills were not felt: the scenario tests nothing"

    versions = {v.version: v.message for v in acme.ask(
        "PolicyService", "ListPolicyVersions",
        api.policies_pb2.ListPolicyVersionsRequest(scope=api.scope(), page_size=1000)).versions}
    for number, message in load.versions:
        assert versions.get(number) == message, f"acknowledged version {number} is missing"
    assert sorted(versions) == list(range(1, max(versions) + 1)), "versions are gapless"

    kept = {key.id for key in acme.ask("KeyService", "ListKeys", api.keys_pb2.ListKeysRequest()).keys}
    assert set(load.keys) <= kept, "an acknowledged key is missing"

    def all_there():
        stored = {record.hash: record for record in acme.records()}
        return stored if set(load.receipts) <= set(stored) else None

    stored = until(all_there, seconds=60, what="every receipt has its record")
    for digest, decision in load.receipts.items():
        record = stored[digest]
        assert record.decision.outcome == api.OUTCOMES[decision.outcome]
        assert record.sequence == decision.receipt.sequence
        # Only what the control plane published was ever enforced.
        assert decision.policy_version in versions
    places = [(r.node, r.boot, r.sequence) for r in stored.values()]
    assert len(places) == len(set(places)), "a record is stored once"
