"""Clients over all members: they write, read and compare-and-set, and write down what they asked and heard."""

import random
import threading
import time

import grpc

from faults.history import now
from harness import api
from harness.cluster import POLICY

AGENTS = 4
ENVIRONMENT = "dev"
TRY = 1.5  # seconds that one try may take
ONCE = 0.2  # of the writes have no request id and are sent once
# With these nothing was done, as the members promise; whoever breaks it is seen by the reads.
NOTHING_DONE = {"NOT_LEADER", "UNREACHABLE"}
PERSIST = 40  # seconds until a write that gets no answer is given up as unknown
# What a member may answer while the cluster is not well. Anything else is a wrong answer.
TROUBLE = {"NOT_LEADER", "DEADLINE_EXCEEDED", "OUTCOME_UNKNOWN", "UNREACHABLE", "STORAGE_FAILED", "VERSION_CONFLICT",
           "UNAVAILABLE", "CANCELLED"}  # the last two: the connection is gone


class Load:
    """Threads that ask at a bounded rate. Keys are those of one project at a time, so that histories stay short."""

    def __init__(self, cluster, history, seed, expected=frozenset(), clients=6, rate=12):
        self.cluster, self.history, self.rate = cluster, history, rate
        self.key, self.expected = None, TROUBLE | expected
        self.projects, self.newest, self.publishes, self.unknown = [], {}, [], []
        self.wrong, self.reasons = [], {}
        self.ended, self.may_run = threading.Event(), threading.Event()
        self._lock, self._busy, self._acked = threading.Condition(), 0, []
        self.threads = [threading.Thread(target=self._run, args=(number, random.Random(f"{seed}/{number}")), daemon=True)
                        for number in range(1, clients + 1)]

    def start(self):
        made = self.persist(0, "OrganizationService", "CreateOrganization",
                            api.organizations_pb2.CreateOrganizationRequest(id="acme"), self.cluster.root_key)[0]
        self.key = made.admin_key
        self.rotate()
        self.may_run.set()
        for thread in self.threads:
            thread.start()

    def rotate(self):
        """Goes on with the keys of a new project."""
        project = f"p{len(self.projects) + 1}"
        for method, request in (
            ("CreateProject", api.organizations_pb2.CreateProjectRequest(id=project, request_id=f"project-{project}")),
            ("CreateEnvironment", api.organizations_pb2.CreateEnvironmentRequest(
                project=project, id=ENVIRONMENT, request_id=f"environment-{project}")),
        ):
            assert self.persist(0, "OrganizationService", method, request)[0] is not None, f"{method}: no answer"
        self.projects.append(project)

    def pause(self):
        """Returns when no operation is on its way."""
        self.may_run.clear()
        with self._lock:
            assert self._lock.wait_for(lambda: self._busy == 0, timeout=PERSIST + 20), "a client does not come back"

    def resume(self):
        self.may_run.set()

    def stop(self):
        self.ended.set()
        self.may_run.set()
        for thread in self.threads:
            thread.join(timeout=PERSIST + 20)
            assert not thread.is_alive(), "a client does not come back"

    def recovered(self, since, seconds=30):
        """Seconds from a moment to the first acknowledgement of a write that was sent after it."""
        def first():
            return min((end for begin, end in self._acked if begin >= since), default=None)

        with self._lock:
            self._lock.wait_for(lambda: first() is not None, timeout=seconds)
            end = first()
            self._acked = [pair for pair in self._acked if pair[0] >= since]
        if end is None:
            raise AssertionError(f"no write was acknowledged within {seconds} s")
        return (end - since) / 1e9

    def _run(self, number, chance):
        count = 0
        while not self.ended.is_set():
            self.may_run.wait()
            with self._lock:
                self._busy += 1
            try:
                if self.may_run.is_set() and not self.ended.is_set():
                    count += 1
                    self._operation(number, count, chance)
            except Exception as error:  # a client that ends in silence would prove nothing
                self.wrong.append(f"client {number}: {type(error).__name__}: {error}")
            finally:
                with self._lock:
                    self._busy -= 1
                    self._lock.notify_all()
            self.ended.wait(chance.uniform(0.5, 1.5) / self.rate)

    def _operation(self, number, count, chance):
        project, kind = self.projects[-1], chance.random()
        if kind < 0.4:
            self._write(number, count, project, chance)
        elif kind < 0.65:
            self._publish(number, count, project, chance)
        else:
            members = [member for member in list(self.cluster.members.values()) if member.running]
            if members:
                read = self.read_agents if kind < 0.88 else self.read_version
                read(number, project, chance.choice(members))

    def _write(self, number, count, project, chance):
        agent, value = f"a{chance.randrange(AGENTS)}", f"{number}-{count}"
        request = api.agents_pb2.PutAgentRequest(agent=api.agents_pb2.Agent(
            project=project, id=agent, roles=["support"], labels={"value": value}))
        invoke = now()
        if chance.random() < ONCE:
            answer, node, outcome = self.once("AgentService", "PutAgent", request, chance)
        else:
            request.request_id = f"write-{value}"
            answer, node, outcome = self.persist(number, "AgentService", "PutAgent", request, chance=chance)
        kept = answer.agent if answer is not None else None
        # The answer shows the entry as it is kept now; a later write may be in it already.
        revision = kept.changed.revision if kept is not None and kept.labels.get("value") == value else None
        self.history.add(number, "write", f"{project}/{agent}", invoke, outcome, value, revision=revision, node=node)

    def _publish(self, number, count, project, chance):
        key, message = f"{project}/{ENVIRONMENT}", f"publish-{number}-{count}"
        # Half of them build on whatever is newest: one that took effect twice shows as two versions.
        parent = self.newest.get(key, 0) if chance.random() < 0.5 else None
        request = api.policies_pb2.PublishPoliciesRequest(
            scope=api.scope(project, ENVIRONMENT), files=[api.policy_file("support.yaml", POLICY)],
            message=message, request_id=message, parent=parent)
        invoke = now()
        answer, node, outcome = self.persist(number, "PolicyService", "PublishPolicies", request, chance=chance)
        line = {"client": number, "kind": "cas", "key": key, "invoke": invoke, "outcome": outcome, "node": node,
                "value": None if parent is None else str(parent + 1), "expected": str(parent) if parent else None}
        if outcome == "info":
            # Two may ask for the same next version: the list of versions tells at the end whose it became.
            self.unknown.append((message, line))
            return
        if answer is not None:
            version = answer.version
            line.update(value=str(version.version), expected=str(version.parent) if version.parent else None,
                        revision=version.published.revision)
            self._saw(key, version.version)
            self.publishes.append((key, version.version, message))
        self.history.add(**line)

    def resolve(self, versions):
        """Writes down publishes of unknown outcome: what no version shows had no effect."""
        for message, line in self.unknown:
            became = [version for version, shown in versions.get(line["key"], {}).items() if shown == message]
            if became:
                before = became[0] - 1
                line.update(value=str(became[0]), expected=str(before) if before else None)
            elif line["value"] is not None:
                line["outcome"] = "fail"
            else:
                continue
            self.history.add(**line)

    def _saw(self, key, version):
        with self._lock:
            self.newest[key] = max(version, self.newest.get(key, 0))

    def read_agents(self, number, project, member, deadline=TRY):
        """Reads each key of a project at one member; `None` when it did not answer."""
        invoke = now()
        answer = self.ask(member, "AgentService", "ListAgents", api.agents_pb2.ListAgentsRequest(project=project), deadline)
        if isinstance(answer, str):
            return None
        kept = {agent.id: agent for agent in answer.agents}
        values = {}
        for agent in (f"a{index}" for index in range(AGENTS)):
            found = kept.get(agent)
            value = found.labels.get("value") if found is not None else None
            values[f"{project}/{agent}"] = value
            self.history.add(number, "read", f"{project}/{agent}", invoke, "ok", value, node=member.id,
                             revision=found.changed.revision if found is not None else None)
        return values

    def read_version(self, number, project, member, deadline=TRY):
        """Reads the newest version of an environment at one member."""
        invoke, key = now(), f"{project}/{ENVIRONMENT}"
        answer = self.ask(member, "PolicyService", "ListPolicyVersions", api.policies_pb2.ListPolicyVersionsRequest(
            scope=api.scope(project, ENVIRONMENT), page_size=1), deadline)
        if isinstance(answer, str):
            return
        newest = answer.versions[0] if answer.versions else None
        if newest is not None:
            self._saw(key, newest.version)
        self.history.add(number, "read", key, invoke, "ok", str(newest.version) if newest else None,
                         revision=newest.published.revision if newest else None, node=member.id)

    def versions(self, project, member):
        """All versions of an environment at one member, with their messages."""
        answer = member.api.call("PolicyService", "ListPolicyVersions", api.policies_pb2.ListPolicyVersionsRequest(
            scope=api.scope(project, ENVIRONMENT), page_size=1000), self.key, deadline=10)
        return {version.version: version.message for version in answer.versions}

    def persist(self, number, service, method, request, key=None, chance=random):
        """Sends a change until it is answered: (answer, member, outcome). The request id makes repeating harmless."""
        end, node = time.monotonic() + PERSIST, 0
        while time.monotonic() < end:
            members = [member for member in list(self.cluster.members.values()) if member.running]
            if not members:
                time.sleep(0.05)
                continue
            member = chance.choice(members)
            node, begun = member.id, now()
            answer = self.ask(member, service, method, request, TRY, key)
            if answer == "VERSION_CONFLICT":
                return None, node, "fail"
            if not isinstance(answer, str):
                with self._lock:
                    self._acked.append((begun, now()))
                    self._lock.notify_all()
                return answer, node, "ok"
            time.sleep(chance.uniform(0.02, 0.1))
        return None, node, "info"

    def once(self, service, method, request, chance):
        """Sends a change without a request id, once: (answer, member, outcome)."""
        members = [member for member in list(self.cluster.members.values()) if member.running]
        if not members:
            return None, 0, "fail"
        member = chance.choice(members)
        answer = self.ask(member, service, method, request, TRY)
        if isinstance(answer, str):
            return None, member.id, "fail" if answer in NOTHING_DONE else "info"
        return answer, member.id, "ok"

    def ask(self, member, service, method, request, deadline, key=None):
        """The answer of one member, or the reason why there is none."""
        try:
            return member.api.call(service, method, request, key or self.key, deadline=deadline)
        except (grpc.RpcError, ValueError) as error:  # ValueError: the member was forgotten just now
            status = error.code().name if isinstance(error, grpc.RpcError) else "CANCELLED"
            reason = (api.reason_of(error) if isinstance(error, grpc.RpcError) else None) or status
            with self._lock:
                self.reasons[reason] = self.reasons.get(reason, 0) + 1
                if reason not in self.expected:
                    self.wrong.append(f"{method} at member {member.id}: {reason}: {getattr(error, 'details', str)()}")
            return reason
