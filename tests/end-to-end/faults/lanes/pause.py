"""SIGSTOP and SIGCONT: a process that stands still and wakes up as if nothing had been."""

import time

from faults.history import now

NAME, PLACES = "pause", 3


def fault(run, number):
    victim = run.victim()
    run.fault("pause", victim)
    victim.pause()
    begun = now()
    try:
        # From shorter than an election to much longer.
        time.sleep(run.chance.choice([0.3, 0.8, 1.5, 3]) * run.chance.uniform(0.7, 1.3))
        run.recovered(begun)
    finally:
        run.fault("resume", victim)
        healed = now()
        victim.resume()
    return healed
