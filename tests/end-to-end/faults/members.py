"""A cluster whose members run in places of their own, and come and go by `veto cluster`."""

import os
import shutil
import signal
import subprocess

import grpc

from harness import api
from harness.process import Process
from harness.wait import until

PORT, PEER_PORT = 7700, 7710
HEARTBEAT = 100  # milliseconds; an election comes after 6 to 12 of them
PATIENCE = 60  # seconds until the cluster must be as it shall be


class Member:
    """One member: its id, its place, its process."""

    def __init__(self, identifier, place, peer, process):
        self.id, self.place, self.peer, self.process = identifier, place, peer, process
        self.api = api.Api(process.address)
        self.starts = 0
        self.stopped = False

    @property
    def running(self):
        """Whether it runs and is not stopped by a signal."""
        return self.process.running and not self.stopped

    def start(self):
        self.starts += 1
        self.process.start()

    def kill(self):
        self.process.kill()

    def pause(self):
        self.stopped = True
        self.process.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.process.send_signal(signal.SIGCONT)
        self.stopped = False

    def ends(self, seconds):
        """The exit code, when the process ends in time; else None."""
        try:
            return self.process.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None


class Cluster:
    """Members by id. A place is taken by one member at a time."""

    def __init__(self, bin_dir, directory, network, prepare=lambda directory: None):
        self.bin_dir, self.directory, self.network = bin_dir, directory, network
        self.prepare = prepare  # makes the data directory of a new member
        self.members, self.gone = {}, []
        self.authority = directory / "authority"
        self.root_key, self.added = None, 0

    def start(self):
        self.veto("cluster", "ca", "init", self.authority, over=None)
        first = self._new(1, *self._free())
        self.veto("cluster", "ca", "issue", 1, "--ca", self.authority, "--out", first.process.data, over=None)
        first.start()
        key = first.process.data / "root.key"
        until(key.exists, seconds=PATIENCE, what="bootstrap")
        until(lambda: (first.process.data / "trust.json").exists(), what="bootstrap")
        shutil.copy(first.process.data / "cluster.secret", self.directory / "cluster.secret")
        self.root_key = key.read_text().strip()
        self.members[1] = first
        until(lambda: self.status(first).leader, seconds=PATIENCE, what="the first member")
        for _ in range(2):
            self.add("--voter")
        self.settle(voters=3)

    def _new(self, identifier, place, peer):
        """Makes the directory and the configuration of a member."""
        secret = "member-1/data/cluster.secret" if identifier == 1 else "cluster.secret"
        process = Process(f"member-{identifier}", self.bin_dir / "veto-control-plane", self.directory, {
            "bootstrap": identifier == 1, "allow_plaintext": True, "heartbeat_milliseconds": HEARTBEAT,
            "peer_listen": peer, "cluster_secret_file": str(self.directory / secret),
        }, address=f"{self.network.address(place)}:{PORT}", within=self.network.within(place))
        process.data.mkdir()
        self.prepare(process.data)
        return Member(identifier, place, peer, process)

    def _free(self):
        """A place that is free, with an address there that no member ever had."""
        taken = {member.place for member in self.members.values()}
        place = next(place for place in self.network.places if place not in taken)
        self.added += 1
        return place, f"{self.network.address(place)}:{PEER_PORT + self.added}"

    def veto(self, *arguments, over="any"):
        """Runs the command-line client at a member that runs; its stdout."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("VETO_")}
        if over == "any":
            over = next(member for member in self.members.values() if member.running)
        if over is not None:
            environment["VETO_CONTROL_PLANE"] = f"http://{over.process.address}"
            environment["VETO_KEY"] = self.root_key
        done = subprocess.run([self.bin_dir / "veto", *map(str, arguments)], env=environment,
                              capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"veto {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done.stdout.strip()

    def add(self, *options):
        """Adds a member and starts it."""
        return self._come("add", options)

    def replace(self, lost):
        """Starts a new member that votes in place of a lost one, in another place."""
        return self._come("replace", (), lost.id)

    def _come(self, verb, options, *which):
        """Adds at an address that nobody had; asked again until it is known which id it has."""
        place, peer = self._free()

        def asked():
            try:
                return int(self.veto("cluster", verb, *which, peer, *options))
            except (RuntimeError, subprocess.TimeoutExpired):
                # The answer may have been lost: then the member is listed.
                for member in self.status().members:
                    if member.address == peer:
                        return member.id
                raise
        identifier = until(asked, seconds=PATIENCE, what=f"veto cluster {verb}")
        member = self._new(identifier, place, peer)
        self.veto("cluster", "ca", "issue", identifier, "--ca", self.authority, "--out", member.process.data, over=None)
        self.members[identifier] = member
        member.start()
        return member

    def command(self, verb, member):
        """Says what shall be of a member; asked again until it is taken."""
        until(lambda: self.veto("cluster", verb, member.id) is not None, seconds=PATIENCE, what=f"veto cluster {verb}")

    def forget(self, member):
        """A member that has left for good; its place is free."""
        if member.process.running:
            member.kill()
        member.api.close()
        shutil.rmtree(member.process.data, ignore_errors=True)  # its log stays
        self.gone.append(self.members.pop(member.id))

    def status(self, member=None, deadline=3):
        """How the cluster is, as one that runs says."""
        member = member or next(m for m in self.members.values() if m.running)
        return member.api.call("ClusterService", "GetCluster", api.cluster_pb2.GetClusterRequest(),
                               self.root_key, deadline=deadline)

    def leader(self):
        """The member that leads, as one that runs says; it must run itself."""
        def found():
            newest, leads = 0, None
            for member in list(self.members.values()):
                if not member.running:
                    continue
                try:
                    answer = self.status(member)
                except grpc.RpcError:
                    continue
                if answer.leader in self.members and answer.term > newest:
                    newest, leads = answer.term, self.members[answer.leader]
            return leads if leads is not None and leads.running else None
        return until(found, seconds=PATIENCE, what="a leader that runs")

    def settle(self, voters=None, seconds=PATIENCE):
        """Waits until every member runs, answers, is what it shall be, and all agree who is one."""
        return until(lambda: self._settled(voters), seconds=seconds, what="all members up and as they shall be")

    def _settled(self, voters):
        views = []
        for member in self.members.values():
            assert member.process.running, f"{member.process.name} has ended"
            answer = self.status(member)
            listed = sorted((m.id, m.role, m.wanted) for m in answer.members)
            assert answer.leader and not answer.changing, "no leader, or members change"
            assert all(m.role == m.wanted and m.reachable for m in answer.members), f"not yet: {listed}"
            views.append((answer.leader, listed))
        assert all(view == views[0] for view in views), "members differ in who is one"
        assert {m for m, _, _ in views[0][1]} == set(self.members), f"members are {views[0][1]}"
        count = sum(role == api.cluster_pb2.MEMBER_ROLE_VOTER for _, role, _ in views[0][1])
        assert voters in (None, count), f"{count} voters"
        return answer

    def states(self):
        """How far each member is, with the digest of its state: {id: (applied, digest)}."""
        answer = self.status()
        return {member.id: (member.applied, member.digest.hex()) for member in answer.members}

    def close(self):
        for member in [*self.members.values(), *self.gone]:
            if member.process.running:
                member.process.process.kill()
                member.process.process.wait()
            member.api.close()
