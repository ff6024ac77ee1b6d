"""Packets are lost, late and out of order, on all lines between members or on one."""

import time

from faults.history import now

NAME, PLACES = "loss", 3


def fault(run, number):
    members = list(run.cluster.members.values())
    everywhere = number % 2 == 0
    places = [member.place for member in members] if everywhere else [run.victim().place]
    percent, delay = run.chance.choice([1, 5, 15]), run.chance.choice([2, 10, 20])
    run.note(f"{percent} % lost")
    run.note(f"{delay} ms late, one way")
    run.fault("bad line", *members, places=places, percent=percent, delay=delay)
    lines = run.network.worsen(places, percent, delay, delay / 2, run.chance.randrange(1 << 30))
    begun = now()
    try:
        time.sleep(run.chance.uniform(1.5, 3.5))
        run.recovered(begun)
        if lines.poll() is not None:
            raise AssertionError("the bad line has ended")
    finally:
        run.fault("heal", *members)
        run.network.better(places, lines)
        healed = now()
    return healed
