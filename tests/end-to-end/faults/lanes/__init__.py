"""The lanes: each one kind of fault."""

from faults.lanes import disk_full, flip, kill, loss, membership, partition, pause

LANES = {lane.NAME: lane for lane in (kill, partition, pause, loss, disk_full, flip, membership)}
