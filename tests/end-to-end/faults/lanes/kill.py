"""kill -9: the leader in half of all cases, else any member; every tenth time all at once."""

import time

from faults.history import now

NAME, PLACES = "kill", 3


def fault(run, number):
    if number % 10 == 9:
        victims = list(run.cluster.members.values())
        run.note("all members at once")
    else:
        victims = [run.victim()]
        run.note("one member")
    waits = len(victims) == 1 and run.chance.random() < 0.75
    run.fault("kill", *victims)
    for victim in victims:
        victim.kill()
    begun = now()
    if waits:
        run.recovered(begun)
    elif len(victims) == 1:
        # Sometimes it is back before the others have noticed.
        run.note("back at once")
        time.sleep(run.chance.uniform(0, 0.5))
    run.fault("start", *victims)
    healed = now()
    for victim in victims:
        victim.start()
    if not waits:
        run.recovered(begun)
    return healed
