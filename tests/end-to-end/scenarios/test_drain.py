"""A leader that is told to stop hands over first: nobody who tries again loses a call."""

import signal
import time
from functools import partial

from harness.publishing import Publisher, setting, versions
from harness.wait import until

STOPS = 2


def test_a_leader_that_stops_in_order_hands_over_and_no_call_is_lost(replicas):
    key = setting(replicas)
    publishers = [Publisher(replicas, key, number) for number in (1, 2, 3)]
    for publisher in publishers:
        publisher.start()

    def acknowledged():
        return sum(len(publisher.acknowledged) for publisher in publishers)

    stalls = []
    for _ in range(STOPS):
        before = acknowledged()
        until(lambda: acknowledged() > before + 15, seconds=60, what="publishes before the stop")
        leader = replicas.leader()
        other = leader % 3 + 1
        term = replicas.status(other).term
        process = replicas.processes[leader]
        process.process.send_signal(signal.SIGTERM)
        stalls.append(longest_pause(acknowledged, lambda process=process: not process.running))
        assert process.process.wait(timeout=15) == 0
        assert '"message":"the lead was handed over"' in process.log_tail()
        assert replicas.status(other).term == term + 1, "one election, which somebody prepared"
        process.start()
        until(lambda: replicas.status(leader).leader, seconds=60, what="its return")
    print(f"longest pauses of writes: {[f'{stall:.2f} s' for stall in stalls]}")
    for publisher in publishers:
        publisher.ended.set()
    for publisher in publishers:
        publisher.join(timeout=30)
        assert not publisher.is_alive()
    wanted = {version: name for publisher in publishers
              for name, version in publisher.acknowledged.items()}
    shown = [versions(partial(replicas.call, number), key) for number in (1, 2, 3)]
    assert shown[0] == shown[1] == shown[2]
    assert not {version: name for version, name in wanted.items() if shown[0].get(version) != name}
    names = list(shown[0].values())
    assert len(names) == len(set(names)), "a request took effect twice"


def longest_pause(count, ended):
    """The longest time between two acknowledged writes until `ended`, and one more write after it."""
    longest, last, newest = 0.0, time.monotonic(), count()
    deadline, over = last + 60, None
    while over is None or newest <= over:
        now, seen = time.monotonic(), count()
        if seen > newest:
            longest, last, newest = max(longest, now - last), now, seen
        if over is None and ended():
            over = newest
        assert now < deadline, "writes did not go on"
        time.sleep(0.005)
    return longest
