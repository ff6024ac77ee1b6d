"""A server of Veto as a process that can be started, stopped and killed."""

import json
import os
import signal
import socket
import subprocess


def free_port():
    """A loopback port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Process:
    """One server: its configuration file, its log, its life."""

    def __init__(self, name, binary, directory, config, address=None, within=()):
        """`within` is a command that runs another one in a place of its own, such as `ip netns exec`."""
        self.name, self.binary, self.within = name, binary, within
        self.directory = directory / name
        self.directory.mkdir(parents=True)
        self.address = address or f"127.0.0.1:{free_port()}"
        config = {"listen": self.address, "data_dir": str(self.directory / "data"), **config}
        self.config = self.directory / "config.yaml"
        self.config.write_text(json.dumps(config))  # JSON is YAML
        self.log = self.directory / "log"
        self.process = None

    @property
    def data(self):
        return self.directory / "data"

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        assert not self.running
        environment = {k: v for k, v in os.environ.items() if not k.startswith("VETO_")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.within, self.binary, "--config", self.config, "run"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
            )

    def kill(self):
        """kill -9: no handler runs, nothing is flushed."""
        self.process.kill()
        self.process.wait(timeout=10)

    def stop(self):
        """Stops in order; a server that does not stop is a failure."""
        if not self.running:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop on SIGTERM") from None

    def log_tail(self, lines=40):
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
