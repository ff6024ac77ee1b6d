"""Clients of a cluster of replicas that publish policies, and what the replicas show of it."""

import threading

import grpc

from harness import api
from harness.cluster import POLICY


def setting(replicas):
    """An organization with an environment; its admin key."""
    def ask(service, method, request, key):
        return replicas.call(1, service, method, request, key)

    made = ask("OrganizationService", "CreateOrganization",
               api.organizations_pb2.CreateOrganizationRequest(id="acme"), replicas.root_key)
    ask("OrganizationService", "CreateProject",
        api.organizations_pb2.CreateProjectRequest(id="shop"), made.admin_key)
    ask("OrganizationService", "CreateEnvironment",
        api.organizations_pb2.CreateEnvironmentRequest(project="shop", id="dev"), made.admin_key)
    return made.admin_key


class Publisher(threading.Thread):
    """Publishes over one replica, each change until it is acknowledged, wherever that is."""

    def __init__(self, replicas, key, number):
        super().__init__(daemon=True)
        self.replicas, self.key, self.number = replicas, key, number
        self.ended = threading.Event()
        self.acknowledged, self.revisions, self.retries = {}, {}, 0

    def run(self):
        count, over = 0, self.number
        while not self.ended.is_set():
            count += 1
            name = f"{self.number}-{count}"
            request = api.policies_pb2.PublishPoliciesRequest(
                scope=api.scope(), files=[api.policy_file("support.yaml", POLICY)],
                message=name, request_id=name)
            while not self.ended.is_set():
                try:
                    answer = self.replicas.call(over, "PolicyService", "PublishPolicies", request,
                                                self.key, deadline=10)
                    self.revisions[name] = answer.version.published.revision
                    self.acknowledged[name] = answer.version.version
                    break
                except grpc.RpcError:
                    self.retries += 1
                    over = over % 3 + 1
                    self.ended.wait(0.05)


def versions(ask, key):
    """Every version that a replica shows, by number; `ask` calls that replica."""
    found, before = {}, 0
    while True:
        answer = ask("PolicyService", "ListPolicyVersions",
                     api.policies_pb2.ListPolicyVersionsRequest(
                         scope=api.scope(), page_size=1000, before_version=before), key)
        found.update({version.version: version.message for version in answer.versions})
        if not answer.versions or min(found) == 1:
            return found
        before = min(found)
