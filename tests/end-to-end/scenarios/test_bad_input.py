"""Bad input gets a clear error with a stable code, and nothing is half-done."""

import base64
import json
import time

from harness import api
from harness.cluster import POLICY
from harness.wait import until


def test_bad_calls_have_stable_codes(cluster):
    node, token = cluster.nodes[0], cluster.acme.token()
    header, claims, signature = token.split(".")
    body = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))

    def forged(**changes):
        changed = json.dumps({**body, **changes}).encode()
        return ".".join([header, base64.urlsafe_b64encode(changed).rstrip(b"=").decode(), signature])

    def unsigned():
        none = json.dumps({"typ": "veto-agent+jwt", "alg": "none"}).encode()
        return ".".join([base64.urlsafe_b64encode(none).rstrip(b"=").decode(), claims, ""])

    good = '{"amount": 1}'
    table = [
        ("CREDENTIAL_MISSING", None, "payments.refund", good),
        ("CREDENTIAL_INVALID", "nonsense", "payments.refund", good),
        ("CREDENTIAL_INVALID", cluster.acme.agent_key, "payments.refund", good),
        ("CREDENTIAL_INVALID", cluster.acme.ledger_token(), "payments.refund", good),
        ("CREDENTIAL_INVALID", forged(exp=int(time.time()) + 9999), "payments.refund", good),
        ("CREDENTIAL_INVALID", forged(roles=["admin"]), "payments.refund", good),
        ("CREDENTIAL_INVALID", unsigned(), "payments.refund", good),
        ("INVALID_ARGUMENTS", token, "payments.refund", '{"amount": 1'),
        ("INVALID_ARGUMENTS", token, "payments.refund", '{"amount": 1, "amount": 2}'),
        ("INVALID_ARGUMENTS", token, "payments.refund", "[1]"),
        ("INVALID_ARGUMENTS", token, "payments.refund", '{"a":' * 100 + "1" + "}" * 100),
        ("INVALID_ARGUMENTS", token, "payments.refund", '{"amount": 123456789012345678901234567890}'),
        ("REQUEST_TOO_LARGE", token, "payments.refund", json.dumps({"a": "x" * 300_000})),
        ("INVALID_REQUEST", token, "", good),
        ("INVALID_REQUEST", token, "a tool*", good),
    ]
    for code, credential, tool, arguments in table:
        request = api.check_request(tool, arguments)
        error = api.expect_error(
            code, node.call, "AuthorizationService", "Authorize", request, credential)
        assert "acme" not in error.details() or credential == token

    # Claims that name an environment that no node holds: no hint whether it exists.
    for changes in ({"org": "nowhere"}, {"env": "nowhere"}, {"org": "globex"}):
        error = None
        try:
            node.call("AuthorizationService", "Authorize",
                      api.check_request("payments.refund", good), forged(**changes))
        except api.grpc.RpcError as refused:
            error = refused
        assert error is not None and api.reason_of(error) in ("CREDENTIAL_INVALID", "NO_BUNDLE")
        assert "nowhere" not in error.details() and "globex" not in error.details()

    huge = api.check_request("payments.refund", json.dumps({"a": "x" * 2_000_000}))
    try:
        node.call("AuthorizationService", "Authorize", huge, token)
        raise AssertionError("an oversize message was taken")
    except api.grpc.RpcError as error:
        assert api.reason_of(error) == "REQUEST_TOO_LARGE", error

    ahead = api.check_request("payments.refund", good)
    ahead.at_least_revision = 10**12
    api.expect_error("REVISION_NOT_REACHED", node.call, "AuthorizationService", "Authorize", ahead, token)


def test_an_expired_token_is_refused(cluster):
    """The lifetime is the shortest that is sold, so this waits for time that must pass."""
    request = api.tokens_pb2.ExchangeKeyRequest(
        audience=api.tokens_pb2.AUDIENCE_DATA_PLANE, lifetime_seconds=1)
    token = cluster.admin("TokenService", "ExchangeKey", request, cluster.acme.agent_key).token
    call = api.check_request("payments.refund", '{"amount": 1}')

    def code():
        try:
            cluster.nodes[0].call("AuthorizationService", "Authorize", call, token)
        except api.grpc.RpcError as error:
            return api.reason_of(error)
        return None

    assert until(code, seconds=60, what="the token's end and the leeway") == "TOKEN_EXPIRED"


def test_bad_administration_has_stable_codes_and_no_effect(cluster):
    acme = cluster.acme

    def publish(text, **fields):
        return acme.publish(("p.yaml", text), **fields)

    cases = [
        ("INVALID_POLICY", lambda: publish(POLICY.replace("effect: deny", "efect: deny"))),
        ("INVALID_POLICY", lambda: publish(POLICY.replace("args.amount", "arg.amount"))),
        ("INVALID_POLICY", lambda: publish("{")),
        ("INVALID_POLICY", lambda: publish(POLICY + "rules: []\n")),
        ("INVALID_POLICY", lambda: publish("a: &a [*a]")),
        ("VERSION_CONFLICT", lambda: publish(POLICY, parent=7)),
        ("NOT_FOUND", lambda: acme.ask(
            "PolicyService", "PublishPolicies", api.policies_pb2.PublishPoliciesRequest(
                scope=api.scope(environment="nowhere"), files=[api.policy_file("p.yaml", POLICY)]))),
        ("INVALID_REQUEST", lambda: acme.ask(
            "PolicyService", "PublishPolicies", api.policies_pb2.PublishPoliciesRequest(
                scope=api.scope(), files=[api.policy_file("../p.yaml", POLICY)]))),
        ("INVALID_REQUEST", lambda: acme.put_agent("Not A Name", [])),
        ("ALREADY_EXISTS", lambda: acme.ask(
            "OrganizationService", "CreateProject",
            api.organizations_pb2.CreateProjectRequest(id="shop"))),
        ("NOT_FOUND", lambda: acme.create_key(
            kind=api.keys_pb2.KEY_KIND_AGENT, scope=api.scope(), agents=["nobody"])),
        ("INVALID_REQUEST", lambda: acme.create_key(kind=0)),
        ("NOT_FOUND", lambda: acme.ask(
            "KeyService", "RevokeKey", api.keys_pb2.RevokeKeyRequest(id="aaaaaaaaaaaa"))),
        ("PERMISSION_DENIED", lambda: acme.ask(
            "OrganizationService", "CreateOrganization",
            api.organizations_pb2.CreateOrganizationRequest(id="mine"))),
        ("CREDENTIAL_INVALID", lambda: cluster.admin(
            "KeyService", "ListKeys", api.keys_pb2.ListKeysRequest(), acme.key[:-1] + "0")),
        ("CREDENTIAL_MISSING", lambda: cluster.admin(
            "KeyService", "ListKeys", api.keys_pb2.ListKeysRequest(), None)),
        ("INVALID_REQUEST", lambda: cluster.ledger_api.call(
            "RecordService", "ListRecords",
            api.records_pb2.ListRecordsRequest(page_token="nonsense"), acme.ledger_token())),
    ]
    for number, (code, function) in enumerate(cases):
        try:
            api.expect_error(code, function)
        except AssertionError as error:
            raise AssertionError(f"case {number}: {error}") from None

    try:
        acme.publish(*[(f"{n}.yaml", "#" * 900_000) for n in range(6)])
        raise AssertionError("an oversize message was taken")
    except api.grpc.RpcError as error:
        assert api.reason_of(error) in ("REQUEST_TOO_LARGE", "INVALID_REQUEST")

    versions = acme.ask("PolicyService", "ListPolicyVersions",
                        api.policies_pb2.ListPolicyVersionsRequest(scope=api.scope())).versions
    assert [v.version for v in versions] == [1], "a refused publish left something behind"


def test_a_diagnostic_names_its_place(cluster):
    request = api.policies_pb2.ValidatePoliciesRequest(files=[
        api.policy_file("p.yaml", POLICY.replace("effect: deny", "efect: deny"))])
    found = cluster.acme.ask("PolicyService", "ValidatePolicies", request).diagnostics
    line = POLICY[: POLICY.index("effect: deny")].count("\n") + 1
    assert any(d.line == line and d.path == "p.yaml" and "effect" in d.help + d.message for d in found)


def test_bad_configuration_is_refused_by_name(cluster):
    import subprocess

    for name, process in cluster.processes.items():
        good = process.config.read_text()
        bad = process.directory / "bad.yaml"
        for text, key in [(good.replace("{", '{"lissten": 1, ', 1), "lissten"),
                          (good.replace(process.address, "0.0.0.0:0"), "listen")]:
            bad.write_text(text)
            result = subprocess.run([process.binary, "--config", bad, "config", "check"],
                                    capture_output=True, text=True, timeout=20)
            assert result.returncode != 0, name
            assert "CONFIG_INVALID" in result.stderr and key in result.stderr, result.stderr
        result = subprocess.run([process.binary, "--config", process.config, "config", "check"],
                                capture_output=True, text=True, timeout=20)
        assert result.returncode == 0, result.stderr
