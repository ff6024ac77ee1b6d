"""One run of one lane: a cluster, load, faults one after the other, and the judgement."""

import json
import random
import statistics
import subprocess
import threading
import time

import grpc

from faults import checks
from faults.history import History, now, read
from faults.load import Load
from faults.members import Cluster
from harness.wait import until

LOOK = 0.25  # seconds between two looks at all members


class Run:
    """What a lane has at hand, and what it found."""

    def __init__(self, lane, bin_dir, directory, results, network, count, seed):
        self.lane, self.count, self.seed = lane, count, seed
        self.bin_dir, self.network = bin_dir, network
        self.chance = random.Random(f"{lane.NAME}/{seed}")
        self.results = results
        self.history = History(results / f"faults-{lane.NAME}")
        self.cluster = Cluster(bin_dir, directory, network, getattr(lane, "prepare", lambda data: None))
        self.load = Load(self.cluster, self.history, f"{lane.NAME}/{seed}", getattr(lane, "EXPECTED", frozenset()))
        self.observer = checks.Observer()
        self.problems, self.recoveries, self.returns, self.facts = [], [], [], {}
        self.done, self.ended = 0, threading.Event()

    def note(self, fact):
        """Counts something worth a line in the report."""
        self.facts[fact] = self.facts.get(fact, 0) + 1

    def victim(self):
        """The leader in half of all cases, else any member that runs."""
        if self.chance.random() < 0.5:
            return self.cluster.leader()
        return self.chance.choice([member for member in self.cluster.members.values() if member.running])

    def fault(self, what, *members, **fields):
        """Writes down a fault right before it happens."""
        self.history.fault(what, members=[member.id for member in members], **fields)

    def recovered(self, since):
        """Waits until a write that was sent after a fault is acknowledged."""
        self.recoveries.append(self.load.recovered(since))

    def execute(self):
        begun = time.monotonic()
        watcher = threading.Thread(target=self._watch, daemon=True)
        try:
            self.cluster.start()
            self.load.start()
            watcher.start()
            for number in range(self.count):
                self._once(number)
            self._judge()
        except Exception as error:  # whatever it was: the run has failed, and says what it knows
            self.problems.append(f"fault {self.done + 1}: {type(error).__name__}: {error}")
        finally:
            self.ended.set()
            self.load.ended.set()
            self.load.may_run.set()
            self.history.close()
        self.problems += self.observer.problems + self.load.wrong[:20] + self._linearizable()
        return self._report(time.monotonic() - begun)

    def _once(self, number):
        self.load.rotate()
        time.sleep(self.chance.uniform(0.2, 0.8))
        healed = self.lane.fault(self, number)
        self.cluster.settle()
        self.returns.append((now() - healed) / 1e9)
        self.equal()
        self.done += 1
        print(f"    {self.lane.NAME} {self.done}/{self.count}: writes after {self.recoveries[-1]:.2f} s, "
              f"all members after {self.returns[-1]:.2f} s", flush=True)

    def equal(self):
        """With no write on its way, every member has the same state."""
        self.load.pause()

        def same():
            problems = checks.unequal(self.cluster.states())
            assert not problems, problems
            return True
        until(same, seconds=30, what="equal members")
        self.load.resume()

    def _watch(self):
        while not self.ended.wait(LOOK):
            for member in list(self.cluster.members.values()):
                starts = member.starts
                if not member.running:
                    continue
                try:
                    answer = self.cluster.status(member, deadline=1.5)
                except (grpc.RpcError, ValueError):
                    continue
                if member.starts != starts:
                    continue
                for other in answer.members:
                    self.observer.has(other.id, other.applied, other.digest)
                    if other.id == member.id and other.reachable:
                        self.observer.says(member.id, starts, answer.term, answer.leader, other.applied)

    def _judge(self):
        """Everything is healed: now nothing may be missing anywhere, and writes go on."""
        self.load.rotate()
        self.recoveries.append(self.load.recovered(now()))
        self.load.stop()
        self.cluster.settle()
        self.equal()
        values, versions = {}, {}
        for member in self.cluster.members.values():
            values[member.id], versions[member.id] = {}, {}
            for project in self.load.projects:
                until(lambda p=project, m=member: values[m.id].update(self.load.read_agents(0, p, m, 10)) is None,
                      what="the last read of each key")
                listed = until(lambda p=project, m=member: {"": self.load.versions(p, m)}, what="the list of versions")[""]
                key = f"{project}/dev"
                versions[member.id][key] = listed
                values[member.id][key] = str(max(listed)) if listed else None
        self.load.resolve(next(iter(versions.values())))
        self.history.close()
        self.problems += checks.lost_writes(read(self.history.path), values)
        self.problems += checks.lost_versions(self.load.publishes, versions)

    def _linearizable(self):
        """Asks the checker of histories; what it cannot judge is a failure, too."""
        self.summary = None
        try:
            self.summary = checks.linearizable(self.bin_dir, self.history.path)
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            return [f"history: {error}"]
        return []

    def _report(self, seconds):
        counts = self.history.counts
        report = {
            "lane": self.lane.NAME, "count": self.done, "asked": self.count, "seed": self.seed,
            "seconds": round(seconds, 1),
            "operations": {outcome: self.history.count(outcome) for outcome in ("ok", "fail", "info")},
            "by_kind": {f"{kind} {outcome}": count for (kind, outcome), count in sorted(counts.items())},
            "refusals": self.load.reasons, "elections": self.observer.elections,
            "recovery_seconds": spread(self.recoveries), "return_seconds": spread(self.returns),
            "facts": self.facts, "history": self.summary, "problems": self.problems,
        }
        (self.results / f"faults-{self.lane.NAME}.json").write_text(json.dumps(report, indent=2) + "\n")
        return report


def spread(seconds):
    if not seconds:
        return None
    ordered = sorted(seconds)
    return {"median": round(statistics.median(ordered), 2), "p99": round(ordered[int(0.99 * (len(ordered) - 1))], 2),
            "slowest": round(ordered[-1], 2)}
