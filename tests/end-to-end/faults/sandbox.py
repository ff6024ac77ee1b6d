"""A place of its own: network, mounts and processes that end with the run, however it ends.

The run is the first process of its own namespaces. When it ends, even by kill -9, the kernel ends every
process that it started and drops every namespace, interface, rule and mount that it made. Nothing outside
is touched, so no name can collide and nothing is left behind.
"""

import ctypes
import json
import os
import pathlib
import signal
import subprocess
import sys

INSIDE = "--inside"
BRIDGE, NETWORK, OWN = "veto", "10.213.0", "10.213.0.254"
UNSHARE = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


class NoSandbox(Exception):
    """This machine gives no namespaces to this user."""


def run(*command, check=True):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=30, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stderr.strip()}")
    return done.stdout


def enter(arguments):
    """Runs this program again inside; returns its exit code."""
    command = UNSHARE if os.geteuid() == 0 else [UNSHARE[0], "--map-root-user", *UNSHARE[1:]]
    probe = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        raise NoSandbox(probe.stderr.strip())
    command = [*command, sys.executable, "-m", "faults", INSIDE, *arguments]
    return subprocess.run(command, check=False, preexec_fn=end_with_parent).returncode


def end_with_parent():
    """Has the kernel end this process with the one that started it."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Network:
    """One bridge, and a namespace for each place where a member can run."""

    def __init__(self, places):
        self.places = places
        # `ip netns` keeps its names below /run, which is the machine's.
        run("mount", "-t", "tmpfs", "tmpfs", "/run")
        pathlib.Path("/run/netns").mkdir()
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "addr", "add", f"{OWN}/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        for place in places:
            name = self.name(place)
            run("ip", "netns", "add", name)
            run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
            run("ip", "link", "set", name, "master", BRIDGE, "up")
            run("ip", "-n", name, "addr", "add", f"{self.address(place)}/24", "dev", "eth0")
            run("ip", "-n", name, "link", "set", "eth0", "up")
            run("ip", "-n", name, "link", "set", "lo", "up")
            self.rules(place, "add table ip veto",
                       "add chain ip veto hears { type filter hook input priority 0; }",
                       "add chain ip veto says { type filter hook output priority 0; }")

    @staticmethod
    def name(place):
        return f"veto-{place}"

    @staticmethod
    def address(place):
        return f"{NETWORK}.{place}"

    def within(self, place):
        return ["ip", "netns", "exec", self.name(place)]

    def rules(self, place, *rules):
        run(*self.within(place), "nft", "; ".join(rules))

    def deafen(self, place, others):
        """What the others send to this place is dropped."""
        self._drop(place, "hears", "saddr", others)

    def mute(self, place, others):
        """What this place sends to the others is dropped."""
        self._drop(place, "says", "daddr", others)

    def _drop(self, place, chain, field, others):
        addresses = ", ".join(self.address(other) for other in others if other != place)
        if addresses:
            self.rules(place, f"add rule ip veto {chain} ip {field} {{ {addresses} }} counter drop")

    def worsen(self, places, loss, delay, jitter, seed):
        """Puts a bad line between these places and the bridge: `loss` percent, the rest late by `delay` milliseconds."""
        pairs = []
        for place in places:
            name = self.name(place)
            run("ip", "link", "add", f"line-{place}", "type", "veth", "peer", "name", f"port-{place}")
            run("ip", "link", "set", f"line-{place}", "up")
            run("ip", "link", "set", name, "nomaster")
            run("ip", "link", "set", f"port-{place}", "master", BRIDGE, "up")
            pairs += [name, f"line-{place}"]
        relay = subprocess.Popen([sys.executable, "-m", "faults.relay", *map(str, (seed, loss, delay, jitter)), *pairs],
                                 stdout=subprocess.PIPE, text=True)
        relay.stdout.readline()
        return relay

    def better(self, places, relay):
        """Takes the bad line out."""
        relay.kill()
        relay.wait(timeout=10)
        for place in places:
            run("ip", "link", "del", f"line-{place}")
            run("ip", "link", "set", self.name(place), "master", BRIDGE)

    def heal(self):
        for place in self.places:
            self.rules(place, "flush chain ip veto hears", "flush chain ip veto says")

    def dropped(self, place):
        """How many packets the rules of a place have dropped since they were made."""
        answer = json.loads(run(*self.within(place), "nft", "-j", "list", "table", "ip", "veto"))
        expressions = [part for item in answer["nftables"] if "rule" in item for part in item["rule"]["expr"]]
        return sum(part["counter"]["packets"] for part in expressions if "counter" in part)
