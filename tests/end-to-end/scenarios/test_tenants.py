"""A key of one organization, and a token, gets nothing of another from any RPC or stream.

Globex fills the system with words that stand nowhere else. Acme then asks every RPC for them, with
every credential that it has or can forge. Whatever acme hears may hold those words only where acme
said them itself, and what is globex's is refused like what does not exist.
"""

import itertools
import threading
from types import SimpleNamespace

import pytest
from google.protobuf import descriptor_pb2
from harness import api, frames
from harness.cluster import POLICY, Cluster
from harness.globex import CANARY_CALL, HIDDEN, Globex
from harness.probe import Probe, forged_key, forged_token
from harness.wait import until
from veto.storage.v1 import bundle_pb2

ORG, AGENT, KEY, POL, FLEET, CLUSTER = (
    f"veto.administration.v1.{name}Service/" for name in (
        "Organization", "Agent", "Key", "Policy", "Fleet", "Cluster"))
TOKEN, SYNC, RECORD, CALL = (
    "veto.tokens.v1.TokenService/", "veto.sync.v1.SyncService/", "veto.records.v1.RecordService/",
    "veto.authorization.v1.AuthorizationService/")
orgs, agents, keys, policies, fleet, members, tokens, sync, records, calls = (
    api.organizations_pb2, api.agents_pb2, api.keys_pb2, api.policies_pb2, api.fleet_pb2, api.cluster_pb2,
    api.tokens_pb2, api.sync_pb2, api.records_pb2, api.authorization_pb2)

@pytest.fixture(scope="module")
def world(bin_dir, tmp_path_factory):
    cluster = Cluster(bin_dir, tmp_path_factory.mktemp("tenants"))
    try:
        cluster.start_all()
        globex = Globex(cluster)
        probe, acme = Probe(cluster, globex.secrets), cluster.acme
        before = globex.view()
        seen = b"".join(part.SerializeToString() for part in before) + globex.record.hash.hex().encode()
        assert not [secret for secret in globex.secrets if secret not in seen]
        yield SimpleNamespace(cluster=cluster, globex=globex, probe=probe, acme=acme, before=before,
                              credentials=credentials(acme, globex))
        globex.leave()
    finally:
        cluster.stop_all()


def credentials(acme, globex):
    """All that acme holds, and all that it can make of it."""
    own_id = acme.key.rsplit("_", 3)[1]
    assert forged_key(acme.key, own_id) == acme.key
    ci, node = (acme.create_key(kind=kind) for kind in (keys.KEY_KIND_CI, keys.KEY_KIND_NODE))
    held = {"admin": acme.key, "ci": ci, "node": node, "agent": acme.agent_key, "token": acme.token(),
            "reader": acme.ledger_token(), "pipeline": acme.ledger_token(ci), "writer": acme.ledger_token(node)}
    forged = {f"forged {name}": forged_token(held[name], org="globex") for name in ("token", "reader", "writer")}
    return {**held, **forged, "forged key": forged_key(acme.key, globex.key), "none": None}


def append(names):
    planted = frames.decision_record(names.org)
    return records.AppendRequest(node="n", boot=bytes(16), frames=frames.boot_of("n", bytes(16), planted))


def append_behind(names):
    """Acme's own record, on the end of the chain that keeps globex's."""
    encoded, _ = frames.frame("node-1", names.boot, names.next, bytes(32), frames.decision_record("acme"))
    return records.AppendRequest(node="node-1", boot=names.boot, first_sequence=names.next, frames=[encoded])


def claims_hidden(names):
    """A node's stream that says to hold, to enforce and to refuse what is globex's."""
    scopes = [bundle_pb2.Scope(organization=names.org, project=project, environment=environment) for
              project, environment in (("shop", "dev"), ("canary-project", "canary-env"))]
    held = [sync.Held(scope=scope, revision=1, digest=bytes(32)) for scope in scopes]
    said = [sync.SubscribeRequest(hello=sync.Hello(node="rogue", boot=bytes(16), held=held))]
    said += [sync.SubscribeRequest(ack=sync.Ack(scope=scope, revision=9)) for scope in scopes]
    return said + [sync.SubscribeRequest(nack=sync.Nack(scope=scope, code="BUNDLE_CORRUPT")) for scope in scopes]


def exchange(audience, **fields):
    return tokens.ExchangeKeyRequest(audience=audience, **fields)


def call(tool="canary-tool"):
    """A call that names globex where a caller may write and nothing keeps it."""
    context = '{"org": "globex", "project": "canary-project"}'
    return api.check_request(tool, context_json=context).call


SYSTEM, ADMIN, READ, LEDGER = (), ("admin",), ("admin", "ci"), ("reader", "pipeline")
ANYBODY = None
REFUSED = ("CREDENTIAL_MISSING", "CREDENTIAL_INVALID", "PERMISSION_DENIED")
HIDDEN_FILTER = records.RecordFilter(project="canary-project", environment="canary-env")
FILES = [api.policy_file("canary-path.yaml", POLICY)]
Agent, Filter, Key = agents.Agent, records.RecordFilter, keys.CreateKeyRequest

# RPC → rows of: which credentials may call it, how it ends for them, and what is asked. A function is
# asked for the request with the names of globex, then with names that nobody has.
CASES = {
    ORG + "CreateOrganization": [(SYSTEM, "", orgs.CreateOrganizationRequest(id="globex"))],
    ORG + "ListOrganizations": [(ADMIN, None, orgs.ListOrganizationsRequest())],
    ORG + "CreateProject": [(ADMIN, None, orgs.CreateProjectRequest(id="canary-taken"))],
    ORG + "ListProjects": [(READ, None, orgs.ListProjectsRequest())],
    ORG + "CreateEnvironment": [
        (ADMIN, "NOT_FOUND", orgs.CreateEnvironmentRequest(project="canary-project", id="canary-env")),
        (ADMIN, None, orgs.CreateEnvironmentRequest(project="shop", id="canary-stage"))],
    ORG + "ListEnvironments": [
        (READ, "NOT_FOUND", orgs.ListEnvironmentsRequest(project="canary-project")),
        (READ, None, orgs.ListEnvironmentsRequest())],
    AGENT + "PutAgent": [
        (ADMIN, "NOT_FOUND", agents.PutAgentRequest(agent=Agent(project="canary-project", id="canary-agent"))),
        (ADMIN, None, agents.PutAgentRequest(agent=Agent(project="shop", id="canary-twin")))],
    AGENT + "ListAgents": [
        (READ, "NOT_FOUND", agents.ListAgentsRequest(project="canary-project")),
        (READ, None, agents.ListAgentsRequest(project="shop"))],
    KEY + "CreateKey": [
        *((ADMIN, "NOT_FOUND", Key(kind=kind, scope=scope, agents=names)) for kind, scope, names in (
            (keys.KEY_KIND_ADMIN, HIDDEN, []), (keys.KEY_KIND_ADMIN, api.scope("canary-project", ""), []),
            (keys.KEY_KIND_NODE, HIDDEN, []), (keys.KEY_KIND_AGENT, HIDDEN, ["canary-agent"]),
            (keys.KEY_KIND_AGENT, api.scope(), ["bot-globex"]))),
        (ADMIN, None, Key(kind=keys.KEY_KIND_CI, request_id="same-request"))],
    KEY + "ListKeys": [(ADMIN, None, keys.ListKeysRequest())],
    KEY + "RevokeKey": [(ADMIN, "NOT_FOUND", lambda names: keys.RevokeKeyRequest(id=names.key))],
    POL + "ValidatePolicies": [(READ, None, policies.ValidatePoliciesRequest(files=FILES))],
    POL + "PublishPolicies": [
        (READ, "NOT_FOUND", policies.PublishPoliciesRequest(scope=HIDDEN, files=FILES)),
        (READ, "VERSION_CONFLICT", policies.PublishPoliciesRequest(scope=api.scope(), parent=3))],
    POL + "ListPolicyVersions": [
        (READ, "NOT_FOUND", policies.ListPolicyVersionsRequest(scope=HIDDEN)),
        (READ, None, policies.ListPolicyVersionsRequest(scope=api.scope()))],
    POL + "GetPolicyVersion": [
        (READ, "NOT_FOUND", policies.GetPolicyVersionRequest(scope=HIDDEN)),
        (READ, "NOT_FOUND", policies.GetPolicyVersionRequest(scope=api.scope(), version=3)),
        (READ, None, policies.GetPolicyVersionRequest(scope=api.scope()))],
    FLEET + "ListNodes": [
        (READ, None, fleet.ListNodesRequest(scope=HIDDEN)), (READ, None, fleet.ListNodesRequest())],
    CLUSTER + "GetCluster": [(SYSTEM, None, members.GetClusterRequest())],
    CLUSTER + "AddMember": [(SYSTEM, None, members.AddMemberRequest(address="canary-host:1"))],
    CLUSTER + "PromoteMember": [(SYSTEM, None, members.PromoteMemberRequest(id=1))],
    CLUSTER + "RemoveMember": [(SYSTEM, None, members.RemoveMemberRequest(id=1))],
    CLUSTER + "BackUp": [(SYSTEM, None, members.BackUpRequest())],
    TOKEN + "ExchangeKey": [
        (("agent",), "NOT_FOUND", exchange(tokens.AUDIENCE_DATA_PLANE, agent="canary-agent")),
        (("agent",), "NOT_FOUND", exchange(tokens.AUDIENCE_DATA_PLANE, agent="bot-globex")),
        (("admin", "ci", "node"), None, exchange(tokens.AUDIENCE_LEDGER, agent="canary-agent"))],
    TOKEN + "GetJwks": [(ANYBODY, None, tokens.GetJwksRequest())],
    SYNC + "Subscribe": [(("node",), None, claims_hidden)],
    RECORD + "Append": [(("writer",), "NOT_FOUND", append),
                        (("writer",), "RECORD_CHAIN_BROKEN", append_behind),
                        (("writer",), None, lambda _: append(SimpleNamespace(org="acme")))],
    RECORD + "ListRecords": [
        *((LEDGER, None, records.ListRecordsRequest(filter=wanted)) for wanted in (
            HIDDEN_FILTER, Filter(agent="bot-globex"), Filter())),
        (LEDGER, "INVALID_REQUEST", lambda names: records.ListRecordsRequest(page_token=names.page))],
    RECORD + "TailRecords": [
        (LEDGER, None, records.TailRecordsRequest(filter=wanted)) for wanted in (HIDDEN_FILTER, Filter())],
    RECORD + "ExportRecords": [
        (LEDGER, None, records.ExportRecordsRequest(filter=wanted, format=form)) for wanted, form in itertools.product(
            (HIDDEN_FILTER, Filter()), (records.EXPORT_FORMAT_JSONL, records.EXPORT_FORMAT_CSV))],
    CALL + "Authorize": [(("token",), None, calls.AuthorizeRequest(call=call()))],
    CALL + "AuthorizeBatch": [(("token",), None, calls.AuthorizeBatchRequest(calls=[call(), call(tool="x")]))],
}


def test_every_rpc_has_a_case(descriptors):
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptors).file
    served = {f"{file.package}.{service.name}/{method.name}" for file in files
              if file.package.startswith("veto.") and file.package != "veto.raft.v1" for service in file.service for method in service.method}
    assert served == set(CASES)


@pytest.mark.parametrize("rpc", sorted(CASES))
def test_an_rpc_tells_acme_nothing_of_globex(world, rpc):
    probe, globex = world.probe, world.globex
    deadline = 1.5 if rpc in (SYNC + "Subscribe", RECORD + "TailRecords") else 10
    for (row, case), (name, credential) in itertools.product(enumerate(CASES[rpc]), world.credentials.items()):
        allowed, expected, request = case
        foreign, absent = globex.twins(request)
        answer, where = probe.ask(rpc, foreign, credential, deadline), f"row {row} as {name}: "
        if allowed is ANYBODY or name in allowed:
            assert answer.reason == expected, where + answer.text
        else:
            assert answer.reason in REFUSED, where + repr(answer)
        if foreign != absent:
            twin = probe.ask(rpc, absent, credential, deadline)
            assert globex.masked(answer.text.encode()) == twin.text.encode() and answer.reason == twin.reason, where
            if rpc.split("/")[1].startswith(("List", "Get", "Export")):
                assert globex.masked(content(answer)) == content(twin), where
    assert not probe.leaked()


def content(answer):
    return b"".join(message.SerializeToString() for message in answer.messages)


def test_globex_is_as_it_was(world):
    """Runs behind the cases: nothing that acme asked for changed what globex sees of itself."""
    assert world.globex.view() == world.before


def test_request_ids_of_tenants_do_not_meet(world):
    assert world.acme.create_key(kind=keys.KEY_KIND_NODE, request_id="node-request")


def test_a_node_key_is_sent_its_own_environments_alone(world):
    said, own, withdrawn = claims_hidden(world.globex), None, []
    claimed = [held.scope for held in said[0].hello.held]
    for message in world.probe.follow(SYNC + "Subscribe", said, world.credentials["node"]):
        kind = message.WhichOneof("message")
        if kind == "withdrawal":
            withdrawn.append(message.withdrawal.scope)
            continue
        headers = {"snapshot": [message.snapshot.bundle.header], "delta": [message.delta.header],
                   "heartbeat": [signed.header for signed in message.heartbeat.headers]}[kind]
        assert {header.scope.organization for header in headers} <= {"acme"}
        if own is None and kind == "heartbeat":
            world.globex.publish(api.scope())
            own = world.acme.publish(("support.yaml", POLICY)).published.revision
        if own is not None and kind == "delta" and headers[0].revision >= own:
            break
    assert all(scope in claimed for scope in withdrawn)
    assert not world.probe.leaked()


@pytest.mark.parametrize("reader", LEDGER)
def test_a_tail_brings_own_decisions_alone(world, reader):
    over, token = threading.Event(), world.acme.token()

    def traffic():
        while not over.wait(0.05):
            world.globex.decide(world.cluster)
            world.cluster.nodes[0].call("AuthorizationService", "Authorize", api.check_request("x"), token)

    thread = threading.Thread(target=traffic)
    thread.start()
    try:
        follow = world.probe.follow(RECORD + "TailRecords", [records.TailRecordsRequest()], world.credentials[reader])
        for answer in itertools.islice(follow, 5):
            assert answer.record.decision.scope.organization == "acme"
        follow.close()
    finally:
        over.set()
        thread.join()
    assert not world.probe.leaked()


def test_decisions_come_from_own_policies(world):
    """Both organizations have a `shop/dev`; one tool is ruled by globex alone, the other by acme."""
    node, refund = world.cluster.nodes[0], api.check_request("payments.refund", '{"amount": 20}')
    ask = calls.AuthorizeBatchRequest(calls=[api.check_request(**CANARY_CALL).call, refund.call])

    def decided(tenant):
        results = node.call("AuthorizationService", "AuthorizeBatch", ask, tenant.token()).results
        single = node.call("AuthorizationService", "Authorize", refund, tenant.token()).decision
        assert (single.policy, single.rule) == (results[1].decision.policy, results[1].decision.rule)
        return [(result.decision.policy, result.decision.rule) for result in results]

    assert decided(world.acme) == [("", ""), ("support-refunds", "small-refunds")]
    assert decided(world.globex.tenant) == [("canary-policy", "canary-rule"), ("", "")]


def test_a_node_that_leaves_takes_no_other_tenants_node_along(world):
    hello = sync.Hello(node="canary-node", boot=bytes(16))
    assert world.globex.node().connected
    stream = world.probe.follow(SYNC + "Subscribe", [sync.SubscribeRequest(hello=hello)], world.credentials["node"])
    next(stream)
    stream.close()
    with pytest.raises(AssertionError):
        until(lambda: not world.globex.node().connected, seconds=2)
