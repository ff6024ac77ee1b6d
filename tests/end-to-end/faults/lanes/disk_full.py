"""A member's small disk is filled up under load, and freed later."""

import os
import time

from faults import sandbox
from faults.history import now

NAME, PLACES = "disk-full", 3
# Too small for the space that RocksDB takes ahead of its writes: so a write meets the end of the disk.
MEGABYTES = 64
SLOW = 10  # seconds until a member has met its full disk


def prepare(data):
    """Gives a member a disk of its own: a file system in a file where that can be mounted, else one in memory."""
    image = data.parent / "disk"
    with image.open("wb") as file:
        file.truncate(MEGABYTES << 20)
    try:
        # Without extents it takes no space ahead, like a disk that is nearly full.
        sandbox.run("mkfs.ext4", "-q", "-O", "^extents,^64bit,^has_journal", "-m", "0", image)
        sandbox.run("mount", "-o", "loop", image, data)
        (data / "lost+found").rmdir()
    except RuntimeError:
        image.unlink()
        sandbox.run("mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", data)


def fault(run, number):
    victim = run.victim()
    ballast = victim.process.data / "ballast"
    run.fault("fill the disk", victim)
    fill(ballast)
    try:
        code = victim.ends(SLOW)
        begun = now()
        run.note("ended by itself" if code is not None else "went on: it had no need of space")
        if code not in (None, -6):
            raise AssertionError(f"a member ended with {code} on a full disk")
        run.recovered(begun)
        if code is not None and run.chance.random() < 0.5:
            # Whoever starts it again before there is space does no harm.
            victim.start()
            time.sleep(run.chance.uniform(0.5, 2))
            run.note("started on the full disk: " + ("runs" if victim.process.running else "ended again"))
    finally:
        run.fault("free the disk", victim)
        ballast.unlink()
        healed = now()
    if victim.process.running and victim.ends(0.5) is None:
        try:
            run.cluster.settle(seconds=8)
            return healed
        except AssertionError:
            # It had met the full disk while it started.
            victim.ends(5)
    if not victim.process.running:
        victim.start()
    return healed


def fill(path):
    """Takes what is left, to the last block."""
    piece = 1 << 20
    file = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        while piece >= 512:
            try:
                os.write(file, b"\0" * piece)
                os.fsync(file)
            except OSError:
                piece //= 2
    finally:
        os.close(file)
