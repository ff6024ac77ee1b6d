"""A collector that is not ours receives each decision as a log record."""

import concurrent.futures
import subprocess

import grpc
import pytest
import rotel
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc

from harness import api
from harness.cluster import Cluster
from harness.process import free_port
from harness.wait import until

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Sink(logs_service_pb2_grpc.LogsServiceServicer):
    """Stands behind the collector and keeps what it passes on."""

    def __init__(self):
        self.records = []

    def Export(self, request, context):
        for resource in request.resource_logs:
            for scope in resource.scope_logs:
                self.records.extend(scope.log_records)
        return logs_service_pb2.ExportLogsServiceResponse()


@pytest.fixture
def collector(tmp_path):
    """Rotel: OTLP in, OTLP out to the sink."""
    sink = Sink()
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=4))
    logs_service_pb2_grpc.add_LogsServiceServicer_to_server(sink, server)
    behind = server.add_insecure_port("127.0.0.1:0")
    server.start()
    endpoint, http = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    binary = str(next(iter(rotel.__path__))) + "/rotel-agent"
    with (tmp_path / "rotel.log").open("wb") as log:
        process = subprocess.Popen(
            [binary, "start", "--otlp-grpc-endpoint", endpoint, "--otlp-http-endpoint", http,
             "--exporter", "otlp", "--otlp-exporter-endpoint", f"http://127.0.0.1:{behind}",
             "--batch-timeout", "200ms"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield f"http://{endpoint}", sink
    finally:
        process.terminate()
        process.wait(timeout=10)
        server.stop(0)


def test_every_decision_reaches_a_real_collector(bin_dir, tmp_path, collector):
    endpoint, sink = collector
    cluster = Cluster(bin_dir, tmp_path, otlp=endpoint)
    try:
        cluster.start_all()
        token = cluster.acme.token()
        calls = [("payments.refund", '{"amount": 1}'), ("customers.export", "{}"),
                 ("payments.refund", '{"amount": 51}')]
        decisions = {}
        for tool, arguments in calls:
            for node in cluster.nodes:
                decision = node.call("AuthorizationService", "Authorize",
                                     api.check_request(tool, arguments), token, TRACE).decision
                decisions[decision.receipt.hash.hex()] = (tool, decision)

        def received():
            found = {}
            for record in sink.records:
                attributes = {a.key: a.value.string_value or a.value.int_value
                              for a in record.attributes}
                if attributes.get("veto.hash") in decisions:
                    found[attributes["veto.hash"]] = (record, attributes)
            return found if len(found) == len(decisions) else None

        for digest, (record, attributes) in until(received, what="all decisions").items():
            tool, decision = decisions[digest]
            assert attributes["gen_ai.tool.name"] == tool
            assert attributes["gen_ai.agent.id"] == "bot-acme"
            assert attributes["veto.outcome"] == api.OUTCOMES[decision.outcome]
            assert attributes["veto.policy"] == decision.policy == "support-refunds"
            assert attributes["veto.rule"] == decision.rule
            assert attributes["veto.policy_version"] == decision.policy_version
            assert record.trace_id.hex() == TRACE.split("-")[1]
    finally:
        cluster.stop_all()
