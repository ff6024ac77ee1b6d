"""Members are added, promoted, removed and replaced under load, sometimes with a kill in between."""

import shutil

from faults.history import now
from harness import api
from harness.wait import until

NAME, PLACES = "membership", 6
VOTERS = 3
EXPECTED = frozenset({"MEMBER_REMOVED"})  # what a member says that was asked while it was removed


def fault(run, number):
    change = run.chance.choice(possible(run))
    run.fault(change)
    run.note(change)
    leaves = CHANGES[change](run)
    begun = now()
    if run.chance.random() < 0.4:
        kill(run, leaves)
    else:
        run.recovered(begun)
    healed = now()
    if leaves is not None:
        gone(run, leaves)
    return healed


def kill(run, leaves):
    """Kills a member while the members change; one that stays comes back."""
    members = run.cluster.members
    victim = run.cluster.leader() if run.chance.random() < 0.5 else run.chance.choice(
        [member for member in members.values() if member.running])
    voters, _ = roles(run)
    left = [voter for voter in voters if voter in members and members[voter].running and voter != victim.id]
    run.note("with a kill in between")
    run.fault("kill", victim)
    victim.kill()
    if 2 * len(left) > len(voters):
        run.recovered(now())
    if victim is not leaves:
        victim.start()
    if 2 * len(left) <= len(voters):
        # A lost voter and this one were too many: nothing can be written before it is back.
        run.note("a majority gone")
        run.recovered(now())


def roles(run):
    answer = run.cluster.status(run.cluster.leader())
    voters = [m.id for m in answer.members if m.role == api.cluster_pb2.MEMBER_ROLE_VOTER]
    learners = [m.id for m in answer.members if m.role == api.cluster_pb2.MEMBER_ROLE_LEARNER]
    return voters, learners


def possible(run):
    """The changes that keep three to five voters, and a place free for a replacement."""
    voters, learners = roles(run)
    changes = ["replace a running voter", "replace a lost voter"]
    if len(voters) + len(learners) < PLACES - 1:
        changes += ["add a learner", "add a voter"]
    if learners:
        changes += ["promote", "remove a learner"]
    if len(voters) > VOTERS:
        changes += ["remove a voter", "remove the leader"]
    return changes


def pick(run, ids):
    return run.cluster.members[run.chance.choice(ids)]


def add_learner(run):
    run.cluster.add()


def add_voter(run):
    run.cluster.add("--voter")


def promote(run):
    run.cluster.command("promote", pick(run, roles(run)[1]))


def remove(run, member):
    run.cluster.command("remove", member)
    return member


def replace_running(run):
    lost = pick(run, roles(run)[0])
    run.cluster.replace(lost)
    return lost


def replace_lost(run):
    lost = pick(run, roles(run)[0])
    lost.kill()
    shutil.rmtree(lost.process.data)
    run.cluster.replace(lost)
    return lost


CHANGES = {
    "add a learner": add_learner,
    "add a voter": add_voter,
    "promote": promote,
    "remove a learner": lambda run: remove(run, pick(run, roles(run)[1])),
    "remove a voter": lambda run: remove(run, pick(run, roles(run)[0])),
    "remove the leader": lambda run: remove(run, run.cluster.leader()),
    "replace a running voter": replace_running,
    "replace a lost voter": replace_lost,
}


def gone(run, member):
    """Waits until the others know it no more, and it has heard of that and ended."""
    def left():
        others = [other for other in run.cluster.members.values() if other is not member and other.running]
        return all(member.id not in {m.id for m in run.cluster.status(other).members} for other in others)
    until(left, seconds=60, what="its removal")
    if member.process.running:
        assert member.ends(30) is not None, f"{member.process.name} was removed and runs on"
        assert "MEMBER_REMOVED" in member.process.log_tail(1), "it does not say that it was removed"
        run.note("removed: ended by itself")
    run.cluster.forget(member)
