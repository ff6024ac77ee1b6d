"""The tenant that must not be heard of: it fills the system with words that stand nowhere else."""

import os
import queue
import threading
from types import SimpleNamespace

import grpc

from harness import api
from harness.probe import Probe
from harness.wait import until

agents, calls, fleet, keys, orgs, policies, records, sync = (
    api.agents_pb2, api.authorization_pb2, api.fleet_pb2, api.keys_pb2, api.organizations_pb2,
    api.policies_pb2, api.records_pb2, api.sync_pb2)
SUBSCRIBE = "veto.sync.v1.SyncService/Subscribe"

HIDDEN = api.scope("canary-project", "canary-env")
# Names that acme takes too, such as `canary-twin`, are not among them.
CANARIES = [f"canary-{word}".encode() for word in (
    "project env agent label display owner role policy rule reason path message author source "
    "purpose node region version argument session call user").split()]
CANARY_POLICY = """\
apiVersion: veto/v1
kind: Policy
metadata: { name: canary-policy }
subjects: { roles: [support, canary-role] }
rules:
  - { id: canary-rule, tools: [canary-tool], effect: deny, reason: canary-reason, severity: high }
"""
CANARY_CALL = {"tool": "canary-tool", "arguments": '{"text": "canary-argument"}', "session_id": "canary-session",
               "request_id": "canary-call", "user": calls.User(id="canary-user")}


class Globex:
    """What globex has, and the twins of it that nobody has: same length, so that answers compare."""

    def __init__(self, cluster):
        self.tenant = tenant = cluster.globex
        ask, self.probe = tenant.ask, Probe(cluster, [])
        for project in ("canary-project", "canary-taken"):
            ask("OrganizationService", "CreateProject", orgs.CreateProjectRequest(
                id=project, display_name="canary-display"))
        for scope in (HIDDEN, api.scope("shop", "canary-stage")):
            ask("OrganizationService", "CreateEnvironment", orgs.CreateEnvironmentRequest(
                project=scope.project, id=scope.environment))
        for project, agent in (("canary-project", "canary-agent"), ("shop", "canary-twin")):
            ask("AgentService", "PutAgent", agents.PutAgentRequest(agent=agents.Agent(
                project=project, id=agent, roles=["canary-role"], owner="canary-owner",
                display_name="canary-display", labels={"team": "canary-label"})))
        self.key = ask("KeyService", "CreateKey", keys.CreateKeyRequest(
            kind=keys.KEY_KIND_ADMIN, description="canary-purpose", request_id="same-request")).key.id
        node_key = tenant.create_key(kind=keys.KEY_KIND_NODE, request_id="node-request")
        for scope in (HIDDEN, api.scope(), api.scope()):
            self.version = self.publish(scope)
        cluster.wait_enforced(tenant, self.version)
        for _ in range(2):
            self.decide(cluster)
        # Each wait for a revision left a decision on each node; a late one would look like acme's doing.
        stored = until(lambda: tenant.records()[5:] and tenant.records(tool="canary-tool"), what="globex's records")
        self.record = stored[-1]
        self.page = cluster.ledger_api.call("RecordService", "ListRecords", records.ListRecordsRequest(
            page_size=1), tenant.ledger_token()).next_page_token
        assert self.page
        self.org, self.boot, self.next = "globex", self.record.boot, self.record.sequence + 1
        self.subscribe(node_key)
        self.absent = SimpleNamespace(org="nobody", key="a" * len(self.key), page="A" * len(self.page),
                                      boot=os.urandom(16), next=self.next)
        self.secrets = [*CANARIES, b"globex", self.key.encode(), self.record.decision.key_id.encode(),
                        self.record.hash, self.record.hash.hex().encode(), self.version.digest]

    def publish(self, scope):
        files = [api.policy_file("canary-path.yaml", CANARY_POLICY)]
        return self.tenant.ask("PolicyService", "PublishPolicies", policies.PublishPoliciesRequest(
            scope=scope, files=files, message="canary-message", author="canary-author",
            source="canary-source")).version

    def decide(self, cluster):
        return cluster.nodes[0].call("AuthorizationService", "Authorize", api.check_request(**CANARY_CALL),
                                     self.tenant.token()).decision

    def subscribe(self, key):
        """A node of globex's own stays connected, under a name and a region that only globex knows."""
        said, hello = queue.Queue(), sync.Hello(
            node="canary-node", region="canary-region", software_version="canary-version", boot=bytes(16))
        said.put(sync.SubscribeRequest(hello=hello))
        self.stream = self.probe.stub(SUBSCRIBE)(iter(said.get, None), metadata=api.bearer(key))
        header = next(self.stream).snapshot.bundle.header
        said.put(sync.SubscribeRequest(ack=sync.Ack(scope=header.scope, revision=header.revision)))
        until(self.node, what="globex's node reports")
        threading.Thread(target=self.drain, daemon=True).start()
        self.leave = lambda: (said.put(None), self.stream.cancel())

    def drain(self):
        try:
            for _ in self.stream:
                pass
        except grpc.RpcError:
            pass  # left

    def twins(self, request):
        """The request with globex's names, and the same with names that nobody has."""
        if callable(request):
            return request(self), request(self.absent)
        return request, type(request).FromString(self.masked(request.SerializeToString()))

    def masked(self, data):
        """What was said of globex's things, as it would be said of things that do not exist."""
        for name, other in (("canary", "absent"), ("globex", "nobody"), (self.key, self.absent.key)):
            data = data.replace(name.encode(), other.encode())
        return data

    def node(self):
        nodes = self.tenant.ask("FleetService", "ListNodes", fleet.ListNodesRequest()).nodes
        return next((node for node in nodes if node.node == "canary-node"), None)

    def view(self):
        """All that globex sees of itself; it holds every secret, or the scan would prove nothing."""
        ask, both = self.tenant.ask, (api.scope(), HIDDEN)
        node = self.node()
        node.ClearField("last_contact")
        return [
            ask("OrganizationService", "ListOrganizations", orgs.ListOrganizationsRequest()),
            ask("OrganizationService", "ListProjects", orgs.ListProjectsRequest()),
            ask("OrganizationService", "ListEnvironments", orgs.ListEnvironmentsRequest()),
            *(ask("AgentService", "ListAgents", agents.ListAgentsRequest(project=scope.project)) for scope in both),
            ask("KeyService", "ListKeys", keys.ListKeysRequest()), node,
            *(ask("PolicyService", "ListPolicyVersions", policies.ListPolicyVersionsRequest(scope=scope))
              for scope in both),
            *(ask("PolicyService", "GetPolicyVersion", policies.GetPolicyVersionRequest(scope=scope))
              for scope in both), *self.tenant.records(),
        ]
