"""Frames as a node writes them to its disk and brings them to the ledger."""

import hashlib
import struct

from veto.storage.v1 import bundle_pb2, record_pb2

GENESIS = bytes(32)


def _table():
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        yield value


TABLE = tuple(_table())


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def frame(node, boot, sequence, previous, record):
    """One frame and its hash, which the next frame carries."""
    name = node.encode()
    body = bytes([1, len(name)]) + name + boot + struct.pack("<Q", sequence) + previous
    body += record.SerializeToString()
    digest = hashlib.sha256(b"veto/frame/v1\n" + body).digest()
    return struct.pack("<II", len(body) + 4, crc32c(body)) + body, digest


def boot_record():
    return record_pb2.Record(time=1, boot=record_pb2.BootRecord(
        software_version="0", config_digest=bytes(32), durability=record_pb2.DURABILITY_STRICT))


def decision_record(organization, **fields):
    """A denial in `shop/dev` of an organization."""
    scope = bundle_pb2.Scope(organization=organization, project="shop", environment="dev")
    values = {"tool": "planted.tool", "outcome": "deny", "reason_code": "no_matching_rule",
              "agent": "planted", "arguments_json": "{}", "arguments_digest": bytes(32), **fields}
    return record_pb2.Record(time=2, decision=record_pb2.DecisionRecord(scope=scope, **values))


def boot_of(node, boot, *records):
    """The frames of a boot that holds these records behind its boot record."""
    frames, previous = [], GENESIS
    for sequence, record in enumerate((boot_record(), *records)):
        encoded, previous = frame(node, boot, sequence, previous, record)
        frames.append(encoded)
    return frames
