"""What clients asked and heard, and what was done to the cluster, as JSON lines on one clock."""

import json
import threading
import time


def now():
    """The one clock of a run, in nanoseconds; it never runs backwards."""
    return time.monotonic_ns()


class History:
    """The operations, written as they end."""

    def __init__(self, directory):
        directory.mkdir(parents=True, exist_ok=True)
        self.path, self.faults_path = directory / "history.jsonl", directory / "faults.jsonl"
        self._operations, self._faults = self.path.open("w"), self.faults_path.open("w")
        self._lock, self._numbers = threading.Lock(), {}
        self.counts = {}

    def add(self, client, kind, key, invoke, outcome, value=None, expected=None, revision=None, node=0):
        """Writes one operation; what is unknown never returned."""
        returned = None if outcome == "info" else now()
        with self._lock:
            if self._operations.closed:  # a run that has failed hears no more
                return
            number = self._numbers[client] = self._numbers.get(client, 0) + 1
            line = {"client": client, "op": number, "kind": kind, "key": key, "invoke": invoke, "return": returned,
                    "outcome": outcome, "value": value, "revision": revision, "node": node}
            if kind == "cas":
                line["expected"] = expected
            self._operations.write(json.dumps(line) + "\n")
            self.counts[kind, outcome] = self.counts.get((kind, outcome), 0) + 1

    def fault(self, what, **fields):
        with self._lock:
            self._faults.write(json.dumps({"at": now(), "fault": what, **fields}) + "\n")
            self._faults.flush()

    def count(self, outcome):
        return sum(count for (_, kept), count in self.counts.items() if kept == outcome)

    def close(self):
        with self._lock:
            self._operations.close()
            self._faults.close()


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
