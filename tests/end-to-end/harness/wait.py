"""Waiting on conditions, never on the clock."""

import time


def until(condition, seconds=20, what="condition"):
    """Returns the first true answer of `condition`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    last = None
    while time.monotonic() < deadline:
        try:
            answer = condition()
            if answer:
                return answer
        except Exception as error:  # a server that is not up yet
            last = error
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s; last error: {last!r}")
