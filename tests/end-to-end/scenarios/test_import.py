"""Imported rule packs decide as the evaluator that they come from, on tens of thousands of calls."""

import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
import yaml

from harness import packs

HARNESS = pathlib.Path(packs.__file__).parent
OWN = HARNESS.parent / "packs"
# What the packages of the SDK hold that has no counterpart.
UNMAPPED = {
    "comm-redact-pii-in-output": "output",
    "data-access-redact-email": "output",
    "data-access-redact-ssn": "output",
    "financial-cumulative-transfer-cap": "earlier calls",
}
CASES = 1_000


def sdk(*arguments):
    """The SDK in its own folder, as a program of its own."""
    folder = pathlib.Path(sys.prefix) / "veto-sdk"
    assert folder.is_dir(), f"the SDK is not in {folder}: run `make deps`"
    environment = {**os.environ, "PYTHONPATH": str(folder), "VETO_LOG": "silent"}
    command = [sys.executable, HARNESS / "sdk.py", *map(str, arguments)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr
    return result.stdout


def policy(bin_dir, *arguments, check=True):
    command = [bin_dir / "veto", "--output", "json", "policy", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0 or not check, result.stdout[-4000:] + result.stderr[-4000:]
    return result


@pytest.fixture
def sources(tmp_path):
    """The packs of the package, the packs of our own, and packs that only observe as packs that block."""
    directory = tmp_path / "packs"
    directory.mkdir()
    theirs = pathlib.Path(sdk().strip())
    for path in [*theirs.glob("*.yaml"), *OWN.glob("*.yaml")]:
        text = path.read_text()
        (directory / path.name).write_text(text)
        blocking = text.replace("action: warn", "action: block").replace("action: log", "action: block")
        if blocking != text:
            (directory / f"blocking-{path.name}").write_text(blocking)
    return directory


def suite(directory, name, cases):
    """A suite of tests, which the command reads beside the policies."""
    document = {
        "apiVersion": "veto/v1",
        "kind": "Tests",
        "metadata": {"name": name},
        "agents": {"agent-1": {"roles": []}},
        "environment": "production",
        "now": "2024-01-08T12:00:00Z",
        "cases": [
            {
                "name": f"{name} {number}",
                "agent": "agent-1",
                "tool": case["tool"],
                "arguments_json": case["arguments"],
                "expect": case["expect"],
            }
            for number, case in enumerate(cases)
        ],
    }
    # JSON is YAML.
    (directory / f"{name}_test.yaml").write_text(json.dumps(document))


def test_every_mapped_rule_decides_as_in_the_sdk(bin_dir, sources, tmp_path):
    policies = tmp_path / "policies"
    arguments = ["import", "--from", "veto-sdk", sources, "--out", policies]
    report = json.loads(policy(bin_dir, *arguments).stdout)
    mapped = {(rule["path"], rule["rule"]) for rule in report["mapped"]}
    counts = collections.Counter()
    cases = collections.defaultdict(list)
    for line in sdk(sources, 7).splitlines():
        call = json.loads(line)
        # A rule that was not mapped needs earlier calls, and there are none.
        assert call["rule"] is None or (call["pack"], call["rule"]) in mapped, call
        counts[call["pack"], call["rule"]] += 1
        cases[call["pack"]].append(call)
    for pack, calls in sorted(cases.items()):
        directory = tmp_path / "suites" / pack.removesuffix(".yaml")
        directory.mkdir(parents=True)
        shutil.copy(policies / pack, directory)
        for at in range(0, len(calls), CASES):
            suite(directory, f"calls-{at}", calls[at : at + CASES])
        policy(bin_dir, "test", directory)
        # Every rule that decides something was hit and missed.
        document = yaml_of(sources / pack)
        for rule in document["rules"]:
            if rule["action"] in ("block", "require_approval") and (pack, rule["id"]) in mapped:
                assert counts[pack, rule["id"]] > 0, rule["id"]
        assert counts[pack, None] > 0
        print(f"{pack}: {len(calls)} calls")


def test_nine_of_ten_rules_are_mapped_and_the_rest_has_reasons(bin_dir, sources):
    theirs = pathlib.Path(sdk().strip())
    result = policy(bin_dir, "import", "--from", "veto-sdk", theirs)
    report = json.loads(result.stdout)
    rules = [rule["id"] for path in theirs.glob("*.yaml") for rule in yaml_of(path)["rules"]]
    mapped = {rule["rule"] for rule in report["mapped"]}
    unmapped = {rule["rule"]: rule["text"] for rule in report["unmapped"]}
    assert len(mapped & set(rules)) >= 0.9 * len(rules)
    assert unmapped.keys() == UNMAPPED.keys()
    for rule, reason in UNMAPPED.items():
        assert reason in unmapped[rule]


def test_numbers_that_only_python_reads_take_the_stricter_rule(bin_dir, sources, tmp_path):
    policies = tmp_path / "policies"
    policy(bin_dir, "import", "--from", "veto-sdk", sources, "--out", policies)
    for pack, tool, bound, field, others, expect in [
        ("financial.yaml", "send_money", 10000, "amount", {"currency": "USD"}, "approval"),
        ("financial.yaml", "send_money", 10000, "amount", {"currency": "XYZ"}, "deny"),
        ("data-access.yaml", "run_query", 10000, "limit", {}, "deny"),
    ]:
        directory = tmp_path / f"{pack}-{expect}"
        directory.mkdir()
        shutil.copy(policies / pack, directory)
        calls = [{field: value, **others} for value in packs.exotic(bound)]
        suite(directory, "exotic", [
            {"tool": tool, "arguments": json.dumps(call), "expect": expect} for call in calls
        ])
        policy(bin_dir, "test", directory)


def yaml_of(path):
    return yaml.safe_load(path.read_text())
