"""A backup of a cluster under load becomes another cluster, and what it held goes on there."""

import json
import os
import subprocess
from functools import partial

from harness import api
from harness.process import Process, free_port
from harness.publishing import Publisher, setting, versions
from harness.wait import until


def run(replicas, *arguments, address=None):
    """Runs the client; its exit code, stdout and stderr."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("VETO_")}
    if address:
        environment |= {"VETO_CONTROL_PLANE": f"http://{address}", "VETO_KEY": replicas.root_key}
    done = subprocess.run([replicas.bin_dir / "veto", *map(str, arguments)], env=environment,
                          capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def agent(replicas, key):
    """The key of an agent that a policy lets pay, and one of a node."""
    ask = partial(replicas.call, 1)
    put = api.agents_pb2.PutAgentRequest(
        agent=api.agents_pb2.Agent(project="shop", id="bot", roles=["support"]))
    ask("AgentService", "PutAgent", put, key)
    request = api.keys_pb2.CreateKeyRequest(
        kind=api.keys_pb2.KEY_KIND_AGENT, scope=api.scope(), agents=["bot"])
    agent_key = ask("KeyService", "CreateKey", request, key).secret_key
    request = api.keys_pb2.CreateKeyRequest(kind=api.keys_pb2.KEY_KIND_NODE)
    return agent_key, ask("KeyService", "CreateKey", request, replicas.root_key).secret_key


def decide(control, node, agent_key):
    """What the node says of a small refund, under a token of this control plane."""
    request = api.tokens_pb2.ExchangeKeyRequest(audience=api.tokens_pb2.AUDIENCE_DATA_PLANE)
    token = control.call("TokenService", "ExchangeKey", request, agent_key).token
    request = api.check_request("payments.refund", '{"amount": 1}')
    decision = node.call("AuthorizationService", "Authorize", request, token).decision
    return api.OUTCOMES[decision.outcome], decision.revision


class Restored:
    """The first member of the new cluster, a second that joins it, and a node."""

    def __init__(self, replicas, directory):
        self.replicas, self.directory, self.processes, self.apis = replicas, directory, [], []

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        for connection in self.apis:
            connection.close()
        codes = {process.name: process.stop() for process in reversed(self.processes)}
        assert problem[0] or not any(codes.values()), f"exit codes: {codes}"

    def process(self, name, binary, **config):
        process = Process(name, self.replicas.bin_dir / binary, self.directory, config)
        self.processes.append(process)
        return process

    def control(self, name, **config):
        secret = self.replicas.directory / "replica-1" / "data" / "cluster.secret"
        return self.process(name, "veto-control-plane", bootstrap=False,
                            cluster_secret_file=str(secret),
                            peer_listen=f"127.0.0.1:{free_port()}", **config)

    def connect(self, process):
        self.apis.append(api.Api(process.address, deadline=20))
        return self.apis[-1]


def test_every_write_up_to_the_revision_of_a_backup_is_in_the_cluster_made_of_it(replicas, tmp_path):
    key = setting(replicas)
    agent_key, node_key = agent(replicas, key)
    publishers = [Publisher(replicas, key, number) for number in (1, 2, 3)]
    for publisher in publishers:
        publisher.start()

    def acknowledged():
        return {name: (publisher.revisions[name], publisher.acknowledged[name])
                for publisher in publishers for name in list(publisher.acknowledged)}

    backup = tmp_path / "backup"
    until(lambda: len(acknowledged()) > 20, seconds=60, what="publishes before the backup")
    before = acknowledged()
    follower = next(n for n in (1, 2, 3) if n != replicas.leader())
    code, told, problem = run(replicas, "cluster", "backup", "--out", backup, "-o", "json",
                              address=replicas.processes[follower].address)
    assert code == 0, problem
    revision = json.loads(told)["revision"]
    after = len(acknowledged())
    until(lambda: len(acknowledged()) > after + 20, seconds=60, what="publishes after the backup")
    for publisher in publishers:
        publisher.ended.set()
        publisher.join(timeout=30)
    wanted = {version: name for name, (at, version) in acknowledged().items() if at <= revision}
    assert all(at <= revision for at, _ in before.values()), "what was acknowledged before is in it"
    assert len(acknowledged()) > len(wanted), "what came later is not"
    assert backup.stat().st_mode & 0o777 == 0o600
    assert run(replicas, "cluster", "check", backup)[0] == 0
    last = max(at for at, _ in acknowledged().values())

    with Restored(replicas, tmp_path / "elsewhere") as new:
        authority = tmp_path / "new-authority"
        _, cluster, _ = run(replicas, "cluster", "ca", "init", authority)
        first = new.control("first")
        refuse_damaged(replicas, backup, first.data)
        code, told, problem = run(replicas, "cluster", "restore", backup, "--data-dir", first.data,
                                  "--new-cluster", cluster.strip(), "-o", "json")
        assert code == 0 and "missing" in problem and json.loads(told)["from_revision"] == revision
        assert run(replicas, "cluster", "check", "--data-dir", first.data)[0] == 0
        run(replicas, "cluster", "ca", "issue", 1, "--ca", authority, "--out", first.data)
        first.start()
        control = new.connect(first)
        shown = until(lambda: versions(control.call, key), seconds=60, what="the restored cluster")
        missing = {version: name for version, name in wanted.items() if shown.get(version) != name}
        assert not missing
        status = control.call("ClusterService", "GetCluster",
                              api.cluster_pb2.GetClusterRequest(), replicas.root_key)
        assert [member.id for member in status.members] == [1]
        assert (status.cluster, status.restored_from.revision) == (cluster.strip(), revision)

        join(replicas, new, first, authority)
        (tmp_path / "node.key").write_text(node_key)
        node = new.process("node", "veto-data-plane", node="n", key_file=str(tmp_path / "node.key"),
                           control_planes=[f"http://{first.address}"],
                           trust_file=str(first.data / "trust.json"))
        node.start()
        answers = new.connect(node)
        outcome, at = until(lambda: decide(control, answers, agent_key), seconds=60,
                            what="a decision under the restored cluster")
        assert outcome == "allow" and at > last, "its revisions are above all of the old cluster"
    # The old cluster is none the worse.
    replicas.leader()


def refuse_damaged(replicas, backup, data):
    """A backup that is cut, or has one other bit, is refused by name and leaves nothing behind."""
    whole = backup.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    damaged = backup.with_name("damaged")
    for content in (whole[:-1], whole[: len(whole) // 2], bytes(flipped), b""):
        damaged.write_bytes(content)
        for arguments in (("restore", damaged, "--data-dir", data), ("check", damaged)):
            code, told, problem = run(replicas, "cluster", *arguments)
            assert code == 1 and "BACKUP_CORRUPT" in told + problem
        assert not data.exists() and list(data.parent.iterdir()) == [data.parent / "config.yaml"]
    damaged.unlink()


def join(replicas, new, first, authority):
    """Another replica becomes a voter of the new cluster."""
    second = new.control("second")
    second.data.mkdir()
    until(lambda: json.loads(run(replicas, "cluster", "members", "-o", "json",
                                 address=first.address)[1])[0]["address"], what="its address")
    peer = json.loads(second.config.read_text())["peer_listen"]
    code, _, problem = run(replicas, "cluster", "add", peer, "--voter", "--ca", authority,
                           "--out", second.data, address=first.address)
    assert code == 0, problem
    second.start()

    def voters():
        code, told, _ = run(replicas, "cluster", "members", "-o", "json", address=second.address)
        return code == 0 and [member["role"] for member in json.loads(told)] == ["voter", "voter"]

    until(voters, seconds=60, what="a second voter")
