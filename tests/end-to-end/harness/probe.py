"""One tenant's hands on every RPC: asks with any credential and keeps every byte that it hears."""

import base64
import json
import string
import threading
import zlib
from typing import NamedTuple

import grpc
from google.protobuf.message import Message

from harness import api

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


class Answer(NamedTuple):
    """What came back: how the call ended, and the messages before that."""

    reason: str | None
    text: str
    messages: list


def forged_token(token, **changes):
    """The token with other claims under the old signature."""
    header, claims, signature = token.split(".")
    changed = json.dumps({**claims_of(token), **changes}).encode()
    return ".".join([header, base64.urlsafe_b64encode(changed).rstrip(b"=").decode(), signature])


def claims_of(token):
    claims = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))


def forged_key(key, identifier):
    """The secret of `key` under another key's id, with a checksum that holds."""
    parts = key.rsplit("_", 3)
    body = "_".join([parts[0], identifier, parts[2]])
    rest, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        digits = BASE62[digit] + digits
    return f"{body}_{digits}"


class Probe:
    """Asks, and finds in the answers what the asker did not say itself."""

    def __init__(self, cluster, secrets):
        self.cluster, self.secrets = cluster, [bytes(secret) for secret in secrets]
        self.leaks = []

    def ask(self, rpc, request, credential, deadline=10):
        """Calls an RPC of any form; a list is a stream of requests, which stays open."""
        said = request if isinstance(request, list) else [request]
        over, messages = threading.Event(), []
        call, error = self.open(rpc, said, credential, deadline, over), None
        try:
            messages = self.take(rpc, said, call)
        except grpc.RpcError as refused:
            error = refused
        finally:
            over.set()
        text = (error.details() or "") if error else ""
        metadata = [*(call.initial_metadata() or ()), *(call.trailing_metadata() or ())]
        self.hear(rpc, said, text, *(value for _, value in metadata))
        if error is None or is_open_end(rpc, error):
            return Answer(None, "", messages)
        return Answer(api.reason_of(error), text, messages)

    def open(self, rpc, said, credential, deadline, over=None):
        """Starts a call; the answer is an iterator when the RPC streams."""
        stub, metadata = self.stub(rpc), api.bearer(credential)
        if isinstance(stub, grpc.StreamStreamMultiCallable):
            return stub(open_stream(said, over or threading.Event()), metadata=metadata, timeout=deadline)
        if isinstance(stub, grpc.UnaryStreamMultiCallable):
            return stub(said[0], metadata=metadata, timeout=deadline)
        return stub.future(said[0], metadata=metadata, timeout=deadline)

    def take(self, rpc, said, call):
        """Reads a call to its end, and keeps each message as it comes."""
        messages = []
        try:
            unary = isinstance(self.stub(rpc), grpc.UnaryUnaryMultiCallable)
            for message in [call.result()] if unary else call:
                self.hear(rpc, said, message)
                messages.append(message)
        except grpc.RpcError as error:
            if not is_open_end(rpc, error):
                raise
        if messages and hasattr(messages[0], "data"):  # a file: read it across its pieces, too
            self.hear(rpc, said, b"".join(message.data for message in messages))
        return messages

    def follow(self, rpc, said, credential, deadline=30):
        """Follows a stream; whoever stops reading leaves it."""
        over = threading.Event()
        call = self.open(rpc, said, credential, deadline, over)
        try:
            for message in call:
                self.hear(rpc, said, message)
                yield message
        finally:
            call.cancel()
            over.set()

    def hear(self, rpc, said, *heard):
        """Keeps a leak for each secret that the request did not hold."""
        known = b"".join(message.SerializeToString() for message in said)
        for data in heard:
            if isinstance(data, Message):
                token = getattr(data, "token", "")
                data = data.SerializeToString() + (json.dumps(claims_of(token)).encode() if token else b"")
            data = data.encode() if isinstance(data, str) else data
            found = [secret for secret in self.secrets if secret in data and secret not in known]
            self.leaks += [(rpc, secret, data) for secret in found]

    def leaked(self):
        """The leaks since this was asked last: RPC, secret, and what held it."""
        leaks, self.leaks = self.leaks, []
        return leaks

    def stub(self, rpc):
        service, method = rpc.split("/")
        servers = {"veto.authorization.v1.AuthorizationService": self.cluster.nodes[0],
                   "veto.records.v1.RecordService": self.cluster.ledger_api}
        return getattr(servers.get(service, self.cluster.control_api).stubs[service], method)


def open_stream(messages, over):
    yield from messages
    over.wait()


def is_open_end(rpc, error):
    """Tells whether a stream that has no end of its own was left by the deadline of the caller."""
    follows = rpc.endswith(("/Subscribe", "/TailRecords"))
    return follows and error.code() == grpc.StatusCode.DEADLINE_EXCEEDED and api.reason_of(error) is None
