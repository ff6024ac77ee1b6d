"""A learner is a replica for a region: it serves reads and nodes, and says when it knows no more."""

import time

import grpc

from harness import api
from harness.cluster import POLICY
from harness.process import Process
from harness.wait import until

BOUND = 10  # seconds


def setting(replicas):
    """An environment whose bundles go stale soon; keys of an administrator, an agent and a node."""
    def ask(service, method, request, key):
        return replicas.call(1, service, method, request, key)

    admin = ask("OrganizationService", "CreateOrganization",
                api.organizations_pb2.CreateOrganizationRequest(id="acme"),
                replicas.root_key).admin_key
    ask("OrganizationService", "CreateProject",
        api.organizations_pb2.CreateProjectRequest(id="shop"), admin)
    ask("OrganizationService", "CreateEnvironment", api.organizations_pb2.CreateEnvironmentRequest(
        project="shop", id="dev", staleness_seconds=BOUND), admin)
    agent = api.agents_pb2.Agent(project="shop", id="bot", roles=["support"])
    ask("AgentService", "PutAgent", api.agents_pb2.PutAgentRequest(agent=agent), admin)
    key = ask("KeyService", "CreateKey", api.keys_pb2.CreateKeyRequest(
        kind=api.keys_pb2.KEY_KIND_AGENT, scope=api.scope(), agents=["bot"]), admin).secret_key
    node = ask("KeyService", "CreateKey", api.keys_pb2.CreateKeyRequest(
        kind=api.keys_pb2.KEY_KIND_NODE), replicas.root_key).secret_key
    return admin, key, node


def publish(replicas, number, admin, message):
    request = api.policies_pb2.PublishPoliciesRequest(
        scope=api.scope(), files=[api.policy_file("support.yaml", POLICY)], message=message)
    answer = replicas.call(number, "PolicyService", "PublishPolicies", request, admin)
    return answer.version


def test_a_learner_serves_its_region_and_lets_its_nodes_go_stale_when_it_is_cut_off(
        replicas, tmp_path):
    admin, agent_key, node_key = setting(replicas)
    learner, peer = replicas.add(4, bootstrap=False)
    replicas.ids[4] = int(replicas.veto("cluster", "add", peer, "--ca",
                                        replicas.directory / "authority", "--out", learner.data))
    learner.start()
    role = api.cluster_pb2.MEMBER_ROLE_LEARNER
    until(lambda: [m.role for m in replicas.status(4).members if m.id == replicas.ids[4]] == [role],
          seconds=60, what="a learner")

    # It takes writes and reads like any other; what is acknowledged anywhere is read there at once.
    publish(replicas, 4, admin, "over the learner")
    last = publish(replicas, 1, admin, "over a voter")
    listed = replicas.call(4, "PolicyService", "ListPolicyVersions",
                           api.policies_pb2.ListPolicyVersionsRequest(scope=api.scope()), admin)
    assert listed.versions[0].version == last.version

    key_file = tmp_path / "node.key"
    key_file.write_text(node_key)
    node = Process("node", replicas.bin_dir / "veto-data-plane", tmp_path, {
        "node": "n", "key_file": str(key_file), "control_planes": [f"http://{learner.address}"],
        "trust_file": str(learner.data / "trust.json")})
    answers = api.Api(node.address)
    node.start()
    try:
        token = replicas.call(4, "TokenService", "ExchangeKey", api.tokens_pb2.ExchangeKeyRequest(
            audience=api.tokens_pb2.AUDIENCE_DATA_PLANE), agent_key).token

        def decide():
            request = api.check_request("payments.refund", '{"amount": 1}')
            return answers.call("AuthorizationService", "Authorize", request, token).decision

        def reason():
            try:
                return api.OUTCOMES[decide().outcome]
            except grpc.RpcError as error:
                return api.reason_of(error)

        revision = last.published.revision
        until(lambda: decide().revision == revision, what="a decision by the learner's bundle")
        # The bound is over twice, and the learner alone keeps the node fresh.
        time.sleep(2 * BOUND)
        until(lambda: reason() == "allow", what="a fresh bundle")
        fleet = replicas.call(1, "FleetService", "ListNodes",
                              api.fleet_pb2.ListNodesRequest(), admin)
        assert [row.node for row in fleet.nodes] == ["n"], "every replica knows the learner's nodes"

        for number in (1, 2, 3):
            replicas.processes[number].kill()
        # The stream goes on, and nothing in it says any more that the bundle is fresh.
        until(lambda: reason() == "BUNDLE_STALE", seconds=60, what="a stale bundle")
        assert learner.running
        for number in (1, 2, 3):
            replicas.processes[number].start()
        until(lambda: reason() == "allow", seconds=60, what="a fresh bundle again")
        for number in (1, 2, 3):
            until(lambda: replicas.status(number).leader, seconds=60, what="the voters' return")
    finally:
        answers.close()
        assert node.stop() == 0
