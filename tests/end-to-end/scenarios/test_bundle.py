"""A node answers from verified bundles alone, on the wire and on the disk."""

import grpc

from harness import api
from harness.wait import until

REQUEST = api.check_request("payments.refund", '{"amount": 1}')


def bundle_files(process):
    return [path for path in (process.data / "bundles").rglob("*") if path.is_file() and path.stat().st_size]


def ask(node, token):
    return node.call("AuthorizationService", "Authorize", REQUEST, token).decision


def test_a_node_answers_from_its_last_good_copy_without_a_control_plane(cluster):
    token, process = cluster.acme.token(), cluster.processes["node-1"]
    held = ask(cluster.nodes[0], token).revision
    cluster.processes["control"].kill()
    process.kill()
    process.start()
    decision = until(lambda: ask(cluster.nodes[0], token), what="an answer from the disk alone")
    assert (api.OUTCOMES[decision.outcome], decision.revision) == ("allow", held)
    cluster.processes["control"].start()


def test_a_flipped_byte_on_the_disk_is_never_served(cluster):
    token, process = cluster.acme.token(), cluster.processes["node-1"]
    ask(cluster.nodes[0], token)
    cluster.processes["control"].kill()
    process.kill()
    files = bundle_files(process)
    assert files
    for path in files:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    process.start()

    def code():
        try:
            ask(cluster.nodes[0], token)
        except grpc.RpcError as error:
            return api.reason_of(error)
        return "answered"

    assert until(code, what="an answer of the node") == "NO_BUNDLE"
    # The control plane comes back and brings a good one.
    cluster.processes["control"].start()
    until(lambda: code() == "answered", what="the node is served anew")


def test_a_bundle_of_another_cluster_is_refused(cluster, tmp_path):
    process, token = cluster.processes["node-2"], cluster.acme.token()
    process.kill()
    for path in bundle_files(process):
        path.unlink()
    trust = cluster.processes["control"].data / "trust.json"
    text = trust.read_text()
    key = text.split('"bundle_key":')[1].split('"')[1]
    forged = tmp_path / "trust.json"
    forged.write_text(text.replace(key, "00" * 31 + "01"))
    process.config.write_text(process.config.read_text().replace(str(trust), str(forged)))
    process.start()
    until(lambda: "BUNDLE_SIGNATURE_INVALID" in process.log_tail(200), what="the refusal is logged")
    api.expect_error("NO_BUNDLE", ask, cluster.nodes[1], token)

    def reported():
        nodes = cluster.acme.ask("FleetService", "ListNodes", api.fleet_pb2.ListNodesRequest()).nodes
        return any(n.last_refusal == "BUNDLE_SIGNATURE_INVALID" for n in nodes)

    until(reported, what="the fleet shows the refusal")
