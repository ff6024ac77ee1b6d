"""What must hold, judged from what was recorded. Each returns what is wrong, as texts; none is good.

Linearizability is judged by `veto-history`; the rest is what needs all members.
"""

import json
import subprocess


def linearizable(bin_dir, history):
    """What `veto-history` says of a history in which nothing is wrong; else it fails."""
    done = subprocess.run([bin_dir / "veto-history", history], capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr.strip()
    return json.loads(done.stdout)["summary"]


def lost_writes(operations, finals):
    """Acknowledged writes that a member no longer has.

    `finals` is the value of each key on each member at the end: {member: {key: value}}. The value of a key
    must be of a write that may be the last: nothing acknowledged may have begun after that one had ended.
    """
    problems = []
    writes = {}
    for operation in operations:
        if operation["kind"] in ("write", "cas") and operation["outcome"] in ("ok", "info"):
            writes.setdefault(operation["key"], []).append(operation)
    for member, values in finals.items():
        for key, candidates in writes.items():
            acknowledged = [write for write in candidates if write["outcome"] == "ok"]
            if not acknowledged:
                continue
            value = values.get(key)
            same = [write for write in candidates if write["value"] == value]
            if not same:
                problems.append(f"member {member}: `{key}` is {value!r}, which nobody wrote")
            elif all(overtaken(write, acknowledged) for write in same):
                problems.append(f"member {member}: `{key}` is {value!r}, and a later write was acknowledged")
    return problems


def overtaken(write, acknowledged):
    """Tells whether an acknowledged write began after this one had ended."""
    return write["return"] is not None and any(other["invoke"] > write["return"] for other in acknowledged)


def lost_versions(publishes, versions):
    """Acknowledged publishes that a member does not list as the version they became.

    `publishes` are (key, version, message); `versions` is what each member lists: {member: {key: {version: message}}}.
    """
    problems = []
    for member, listed in versions.items():
        for key, version, message in publishes:
            shown = listed.get(key, {}).get(version)
            if shown != message:
                problems.append(f"member {member}: version {version} of `{key}` is {shown!r} instead of {message!r}")
        for key, shown in listed.items():
            if len(set(shown.values())) != len(shown):
                problems.append(f"member {member}: a publish of `{key}` took effect twice")
            if sorted(shown) != list(range(1, len(shown) + 1)):
                problems.append(f"member {member}: the versions of `{key}` have a gap")
    return problems


def unequal(states):
    """Members at the same index with different digests, or at different ones: {member: (applied, digest)}."""
    problems = [f"member {member} has no digest" for member, (_, digest) in states.items() if not digest]
    if len(set(states.values())) > 1:
        shown = ", ".join(f"{member}: {applied} {digest[:8]}" for member, (applied, digest) in states.items())
        problems.append(f"members differ: {shown}")
    return problems


class Observer:
    """Judges what members say of themselves while the run goes on."""

    def __init__(self):
        self.leaders, self.digests, self.progress = {}, {}, {}
        self.problems = []

    def says(self, member, run, term, leader, applied):
        """A member speaks of itself; `run` tells one start of its process from another."""
        if leader:
            known = self.leaders.setdefault(term, leader)
            if known != leader:
                self._note(f"term {term} has two leaders: {known} and {leader}")
        before = self.progress.get((member, run), (0, 0))
        if term < before[0] or applied < before[1]:
            self._note(f"member {member} went back from term {before[0]}, entry {before[1]} to {term}, {applied}")
        self.progress[member, run] = (term, applied)

    def has(self, member, applied, digest):
        """A member's state at an entry has this digest."""
        if not digest:
            return
        other, known = self.digests.setdefault(applied, (member, digest))
        if known != digest:
            self._note(f"members {other} and {member} differ at entry {applied}")

    def _note(self, problem):
        if problem not in self.problems:
            self.problems.append(problem)

    @property
    def elections(self):
        """Terms that had a leader, without the first."""
        return max(0, len(self.leaders) - 1)
