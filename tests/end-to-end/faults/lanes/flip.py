"""A bit flips in the files of a member that is stopped: it refuses, or repairs itself, and never serves a wrong value."""

import json
import os

from faults.history import now
from harness.wait import until

NAME, PLACES = "flip", 4
# What says no value of anybody: RocksDB's own log, and the lock.
TALK = ("LOG", "LOCK")
# What holds entries and rows.
DATA = (".log", ".sst")
# What an operator keeps, not the store; a certificate that is damaged ends the start, and proves nothing here.
GIVEN = ("peer.pem", "peer.key", "authority.pem", "root.key", "trust.json", "cluster.secret")


def fault(run, number):
    victim = run.victim()
    clean = run.chance.random() < 0.5
    run.fault("stop" if clean else "kill", victim)
    if clean:
        victim.process.stop()
    else:
        victim.kill()
    run.recovered(now())
    where = flip(run, victim.process.data)
    run.fault("flip", victim, where=where)
    healed = now()
    victim.start()
    ended = until(lambda: outcome(run, victim), seconds=90, what="a member with a flipped bit, up or refused")
    part = where.split("@")[0].split("/")[0]
    if ended == "up":
        run.note(f"{part}: repaired, or of no weight")
        return healed
    run.note(f"{part}: refused with {why(victim)}")
    lost = victim
    new = run.cluster.replace(lost)
    until(lambda: lost.id not in {member.id for member in run.cluster.status(new).members}, seconds=60, what="the replacement")
    run.cluster.forget(lost)
    return healed


def outcome(run, victim):
    """`up` when it serves and is as far as the others, `refused` when it has ended with an error."""
    if not victim.process.running:
        code = victim.process.process.returncode
        assert code != 0, "it ended as if all were well"
        return "refused"
    answer = run.cluster.status(victim)
    return "up" if answer.leader and all(member.reachable for member in answer.members) else None


def why(victim):
    """The code that its last line gives; a refusal says why."""
    code = json.loads(victim.process.log_tail(1))["fields"].get("code")
    assert code, f"it ended without a code: {victim.process.log_tail(1)}"
    return code


def flip(run, data):
    """Flips one bit of one byte; where. Files weigh by kind, so that the small ones get their share."""
    kinds = {}
    for path in sorted(data.rglob("*")):
        if path.is_file() and path.stat().st_size and not path.name.startswith(TALK) and path.name not in GIVEN:
            folder = path.relative_to(data).parts[0]
            kinds.setdefault((folder, path.suffix or path.name.split("-")[0]), []).append(path)
    folders = sorted({folder for folder, _ in kinds})
    weights = [4 if folder in ("log", "state") else 1 for folder in folders]
    folder = run.chance.choices(folders, weights)[0]
    parts = sorted(kind for kind in kinds if kind[0] == folder)
    kind = run.chance.choices(parts, [6 if part in DATA else 1 for _, part in parts])[0]
    path = run.chance.choice(kinds[kind])
    written = used(path)
    offset = run.chance.randrange(written)
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ (1 << run.chance.randrange(8))]))
        file.flush()
        os.fsync(file.fileno())
    return f"{path.relative_to(data)}@{offset}/{written}"


def used(path):
    """How long a file is without the zeros at its end, which were taken ahead."""
    return max(1, len(path.read_bytes().rstrip(b"\0")))
