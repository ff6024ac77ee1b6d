"""The generated client, with credentials and deadlines. Nothing here is Veto's own code."""

import grpc
from google.protobuf import any_pb2  # noqa: F401  (keeps the runtime's well-known types loaded)
from google.protobuf.message import DecodeError
from veto.administration.v1 import (
    agents_pb2, agents_pb2_grpc, cluster_pb2, cluster_pb2_grpc, common_pb2, fleet_pb2, fleet_pb2_grpc, keys_pb2, keys_pb2_grpc,
    organizations_pb2, organizations_pb2_grpc, policies_pb2, policies_pb2_grpc,
)
from veto.authorization.v1 import authorization_pb2, authorization_pb2_grpc
from veto.records.v1 import records_pb2, records_pb2_grpc
from veto.sync.v1 import sync_pb2, sync_pb2_grpc
from veto.tokens.v1 import tokens_pb2, tokens_pb2_grpc

SERVICES = {
    "veto.authorization.v1.AuthorizationService": authorization_pb2_grpc.AuthorizationServiceStub,
    "veto.administration.v1.OrganizationService": organizations_pb2_grpc.OrganizationServiceStub,
    "veto.administration.v1.AgentService": agents_pb2_grpc.AgentServiceStub,
    "veto.administration.v1.KeyService": keys_pb2_grpc.KeyServiceStub,
    "veto.administration.v1.PolicyService": policies_pb2_grpc.PolicyServiceStub,
    "veto.administration.v1.ClusterService": cluster_pb2_grpc.ClusterServiceStub,
    "veto.administration.v1.FleetService": fleet_pb2_grpc.FleetServiceStub,
    "veto.tokens.v1.TokenService": tokens_pb2_grpc.TokenServiceStub,
    "veto.sync.v1.SyncService": sync_pb2_grpc.SyncServiceStub,
    "veto.records.v1.RecordService": records_pb2_grpc.RecordServiceStub,
}

OUTCOMES = {
    authorization_pb2.OUTCOME_ALLOW: "allow",
    authorization_pb2.OUTCOME_DENY: "deny",
    authorization_pb2.OUTCOME_APPROVAL: "approval",
}


def bearer(credential, traceparent=None):
    metadata = [("authorization", f"Bearer {credential}")] if credential else []
    return metadata + ([("traceparent", traceparent)] if traceparent else [])


def reason_of(error):
    """The stable code of an error: `ErrorInfo.reason` in `grpc-status-details-bin`."""
    details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
    if details is None:
        return None
    # google.rpc.Status and ErrorInfo, read field by field: the peer needs no package of ours.
    for number, value in fields(details):
        if number != 3:
            continue
        any_fields = dict(fields(value))
        if any_fields.get(1, b"").endswith(b"google.rpc.ErrorInfo"):
            return dict(fields(any_fields[2])).get(1, b"").decode()
    return None


def fields(data):
    """The length-delimited fields of a protobuf message; enough for the two messages above."""
    position = 0
    while position < len(data):
        tag, position = varint(data, position)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            _, position = varint(data, position)
        elif kind == 2:
            length, position = varint(data, position)
            yield number, data[position : position + length]
            position += length
        else:
            raise DecodeError(f"unexpected wire type {kind}")


def varint(data, position):
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


class Api:
    """All services of one server."""

    def __init__(self, address, deadline=10):
        self.channel = grpc.insecure_channel(
            address, options=[("grpc.enable_retries", 0), ("grpc.max_reconnect_backoff_ms", 200),
                              ("grpc.initial_reconnect_backoff_ms", 50)],
        )
        self.deadline = deadline
        self.stubs = {name: stub(self.channel) for name, stub in SERVICES.items()}

    def call(self, service, method, request, credential=None, traceparent=None, deadline=None):
        full = next(name for name in SERVICES if name.endswith(f".{service}"))
        return getattr(self.stubs[full], method)(
            request, metadata=bearer(credential, traceparent), timeout=deadline or self.deadline,
        )

    def close(self):
        self.channel.close()


def scope(project="shop", environment="dev"):
    return common_pb2.ScopeRef(project=project, environment=environment)


def policy_file(path, text):
    return policies_pb2.PolicyFile(path=path, text=text)


def check_request(tool, arguments="{}", **fields):
    call = authorization_pb2.Call(tool=tool, arguments_json=arguments, **fields)
    return authorization_pb2.AuthorizeRequest(call=call)


def expect_error(reason, function, *arguments, **keywords):
    """Asserts that a call fails with the stable code; returns the error."""
    try:
        answer = function(*arguments, **keywords)
        if hasattr(answer, "__next__"):
            answer = list(answer)
    except grpc.RpcError as error:
        assert reason_of(error) == reason, f"{reason_of(error)}: {error.details()}"
        return error
    raise AssertionError(f"expected {reason}, got {answer!r}")
