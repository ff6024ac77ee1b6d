"""A member that was away long enough to miss the leader comes back, and costs few elections."""

import signal
import time

from harness.publishing import Publisher, setting
from harness.wait import until

RETURNS = 3
MOST_TERMS = 3  # for each return
AWAY = 3  # seconds: several election timeouts


def test_a_member_that_returns_does_not_depose_leaders_again_and_again(replicas):
    publisher = Publisher(replicas, setting(replicas), 1)
    publisher.start()
    try:
        for _ in range(RETURNS):
            leader = replicas.leader()
            away = replicas.processes[leader % 3 + 1]
            publisher_at = len(publisher.acknowledged)
            before = replicas.status(leader).term
            away.process.send_signal(signal.SIGSTOP)
            try:
                time.sleep(AWAY)
            finally:
                away.process.send_signal(signal.SIGCONT)
            until(lambda: len(publisher.acknowledged) > publisher_at + 20, seconds=60,
                  what="publishes after the return")
            # All three agree on one leader, and it stays.
            until(lambda: len({(replicas.status(n).leader, replicas.status(n).term)
                               for n in (1, 2, 3)}) == 1, seconds=60, what="one leader")
            assert replicas.status(leader).term <= before + MOST_TERMS
    finally:
        publisher.ended.set()
        publisher.join(timeout=30)
