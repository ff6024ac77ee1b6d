"""Members cut off from each other, half of the time one way only. Clients reach all of them all the time."""

import time

from faults.history import now

NAME, PLACES = "partition", 3


def fault(run, number):
    network, members = run.network, list(run.cluster.members.values())
    leader, places = run.cluster.leader(), run.network.places
    follower = run.chance.choice([member for member in members if member is not leader])
    if number % 2 == 0:
        kind, cut = "both ways", run.victim()
        run.fault(kind, cut)
        network.deafen(cut.place, places)
        network.mute(cut.place, places)
    else:
        kind = run.chance.choice(["the leader hears nobody", "nobody hears the leader", "a follower hears one peer"])
        cut = leader if "the leader" in kind else follower
        run.fault(kind, cut)
        if kind == "the leader hears nobody":
            network.deafen(cut.place, places)
        elif kind == "nobody hears the leader":
            network.mute(cut.place, places)
        else:
            network.deafen(cut.place, [leader.place])
    run.note("both ways" if number % 2 == 0 else f"one way: {kind}")
    begun = now()
    try:
        time.sleep(run.chance.uniform(0.5, 2.5))
        run.recovered(begun)
        if not network.dropped(cut.place):
            raise AssertionError("the partition dropped nothing")
    finally:
        run.fault("heal", cut)
        network.heal()
        healed = now()
    return healed
