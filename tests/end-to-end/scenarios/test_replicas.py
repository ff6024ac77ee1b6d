"""The leader is killed with -9 while policies are published over all three replicas."""

from functools import partial

from harness.publishing import Publisher, setting, versions
from harness.wait import until

KILLS = 2


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
    shown = [versions(partial(replicas.call, number), key) for number in (1, 2, 3)]
    assert shown[0] == shown[1] == shown[2]
    missing = {version: name for version, name in wanted.items() if shown[0].get(version) != name}
    assert not missing
    names = list(shown[0].values())
    assert len(names) == len(set(names)), "a request took effect twice"
    assert sorted(shown[0]) == list(range(1, len(names) + 1)), "versions have no gap"
