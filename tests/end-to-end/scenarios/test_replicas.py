"""The leader is killed with -9 while policies are published over all three replicas."""

import threading

import grpc

from harness import api
from harness.cluster import POLICY
from harness.wait import until

KILLS = 2


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
        self.acknowledged, self.retries = {}, 0

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
                    self.acknowledged[name] = answer.version.version
                    break
                except grpc.RpcError:
                    self.retries += 1
                    over = over % 3 + 1
                    self.ended.wait(0.05)


def versions(replicas, number, key):
    """Every version that a replica shows, by number."""
    found, before = {}, 0
    while True:
        answer = replicas.call(number, "PolicyService", "ListPolicyVersions",
                               api.policies_pb2.ListPolicyVersionsRequest(
                                   scope=api.scope(), page_size=1000, before_version=before), key)
        found.update({version.version: version.message for version in answer.versions})
        if not answer.versions or min(found) == 1:
            return found
        before = min(found)


def test_kill_9_of_the_leader_loses_no_acknowledged_publish(replicas):
    key = setting(replicas)
    publishers = [Publisher(replicas, key, number) for number in (1, 2, 3)]
    for publisher in publishers:
        publisher.start()

    def acknowledged():
        return sum(len(publisher.acknowledged) for publisher in publishers)

    for _ in range(KILLS):
        before = acknowledged()
        until(lambda: acknowledged() > before + 15, seconds=60, what="publishes before the kill")
        leader = replicas.leader()
        replicas.processes[leader].kill()
        after = acknowledged()
        until(lambda: acknowledged() > after + 15, seconds=60, what="publishes without it")
        replicas.processes[leader].start()
        until(lambda: replicas.status(leader).leader, seconds=60, what="its return")
    for publisher in publishers:
        publisher.ended.set()
    for publisher in publishers:
        publisher.join(timeout=30)
        assert not publisher.is_alive()

    wanted = {version: name for publisher in publishers
              for name, version in publisher.acknowledged.items()}
    assert len(wanted) == acknowledged(), "each acknowledged publish has a version of its own"
    shown = [versions(replicas, number, key) for number in (1, 2, 3)]
    assert shown[0] == shown[1] == shown[2]
    missing = {version: name for version, name in wanted.items() if shown[0].get(version) != name}
    assert not missing
    names = list(shown[0].values())
    assert len(names) == len(set(names)), "a request took effect twice"
    assert sorted(shown[0]) == list(range(1, len(names) + 1)), "versions have no gap"
