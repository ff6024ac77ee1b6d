"""Three control planes that are one cluster, as real processes with real certificates."""

import os
import subprocess

from harness import api
from harness.process import Process, free_port
from harness.wait import until


class Replicas:
    """Members by their number 1 to 3; which of them leads changes."""

    def __init__(self, bin_dir, directory):
        self.bin_dir, self.directory = bin_dir, directory
        self.processes, self.apis, self.ids, self.metrics = {}, {}, {}, {}

    def veto(self, *arguments, over=1):
        """Runs the command-line client; its stdout."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("VETO_")}
        if over in self.processes:
            environment["VETO_CONTROL_PLANE"] = f"http://{self.processes[over].address}"
            environment["VETO_KEY"] = self.root_key
        done = subprocess.run([self.bin_dir / "veto", *map(str, arguments)], env=environment,
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"veto {arguments}: {done.stderr}"
        return done.stdout.strip()

    def start_all(self):
        authority = self.directory / "authority"
        self.veto("cluster", "ca", "init", authority, over=None)
        first, peer = self.add(1, bootstrap=True)
        self.veto("cluster", "ca", "issue", 1, "--ca", authority, "--out", first.data, over=None)
        first.start()
        key = first.data / "root.key"
        until(lambda: (first.data / "trust.json").exists() and key.exists(), what="bootstrap")
        self.root_key, self.ids[1] = key.read_text().strip(), 1
        until(lambda: self.veto("cluster", "status"), what="the first member")
        for number in (2, 3):
            process, peer = self.add(number, bootstrap=False)
            self.ids[number] = int(self.veto(
                "cluster", "add", peer, "--voter", "--ca", authority, "--out", process.data))
            process.start()
        until(lambda: len(self.voters(1)) == 3, seconds=60, what="three voters")

    def add(self, number, bootstrap):
        peer = f"127.0.0.1:{free_port()}"
        secret = self.directory / "replica-1" / "data" / "cluster.secret"
        self.metrics[number] = f"127.0.0.1:{free_port()}"
        process = Process(f"replica-{number}", self.bin_dir / "veto-control-plane", self.directory, {
            "bootstrap": bootstrap, "peer_listen": peer, "cluster_secret_file": str(secret),
            "metrics_listen": self.metrics[number]})
        process.data.mkdir()
        self.processes[number] = process
        self.apis[number] = api.Api(process.address, deadline=20)
        return process, peer

    def call(self, number, service, method, request, key, deadline=None):
        return self.apis[number].call(service, method, request, key, deadline=deadline)

    def status(self, number):
        return self.call(number, "ClusterService", "GetCluster",
                         api.cluster_pb2.GetClusterRequest(), self.root_key)

    def voters(self, number):
        voter = api.cluster_pb2.MEMBER_ROLE_VOTER
        return [member.id for member in self.status(number).members if member.role == voter]

    def leader(self):
        """The number of the member that leads, as one that runs says; it must run itself."""
        def found():
            for number, process in self.processes.items():
                if process.running:
                    leads = self.status(number).leader
                    for other, member in self.ids.items():
                        if member == leads and self.processes[other].running:
                            return other
            return None
        return until(found, seconds=60, what="a leader that runs")

    def stop_all(self):
        for connection in self.apis.values():
            connection.close()
        codes = {number: process.stop() for number, process in self.processes.items()}
        assert all(code == 0 for code in codes.values()), f"exit codes: {codes}"

    def log_tails(self):
        return [(f"log of {process.name}", process.log_tail())
                for process in self.processes.values()]
