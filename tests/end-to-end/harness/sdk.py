"""Asks the evaluator of the Veto SDK: run as a program of its own, since its module is called `veto` too.

`python sdk.py PACKS SEED` prints a line for each call: the pack, the tool, the arguments, what the SDK decides,
and by which rule. `python sdk.py` prints where the packs of the package are.
"""

import asyncio
import json
import pathlib
import sys

import packs
import veto
import yaml

AGENT = "agent-1"
OUTCOMES = {"allow": "allow", "deny": "deny", "require_approval": "approval"}


async def decide(directory, seed):
    for path in sorted(directory.glob("*.yaml")):
        pack = yaml.safe_load(path.read_text())
        sdk = veto.Veto.from_rules(rules=pack["rules"], log_level="silent", agent_id=AGENT)
        for tool, arguments in packs.calls(pack, seed):
            result = await sdk.guard(tool, arguments)
            # Each call is the first of its session.
            sdk.clear_history()
            call = {"pack": path.name, "tool": tool, "arguments": json.dumps(arguments)}
            print(json.dumps({**call, "expect": OUTCOMES[result.decision], "rule": result.rule_id}))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(pathlib.Path(veto.__file__).parent / "packs")
    else:
        asyncio.run(decide(pathlib.Path(sys.argv[1]), int(sys.argv[2])))
