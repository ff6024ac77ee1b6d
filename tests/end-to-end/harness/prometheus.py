"""A real Prometheus that scrapes the replicas and judges our alert rules."""

import json
import pathlib
import re
import subprocess
import urllib.parse
import urllib.request

from harness.process import free_port
from harness.wait import until

RULES = pathlib.Path(__file__).parents[3] / "deploy" / "prometheus" / "veto-control-plane.rules.yaml"


class Prometheus:
    def __init__(self, binary, directory, targets):
        self.address = f"127.0.0.1:{free_port()}"
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": "veto-control-plane",
                                "static_configs": [{"targets": targets}]}],
        }
        file = directory / "prometheus.yaml"
        file.write_text(json.dumps(config))  # JSON is YAML
        self.log = (directory / "prometheus.log").open("wb")
        self.process = subprocess.Popen(
            [binary, f"--config.file={file}", f"--storage.tsdb.path={directory / 'tsdb'}",
             f"--web.listen-address={self.address}"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        until(lambda: self.get("/-/ready"), what="Prometheus")

    def get(self, path, **query):
        url = f"http://{self.address}{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return None

    def data(self, path, **query):
        """What an answer holds; a slow machine is given time."""
        return json.loads(until(lambda: self.get(path, **query), what=f"an answer of {path}"))["data"]

    def query(self, expression):
        """The values of an expression, now."""
        found = self.data("/api/v1/query", query=expression)["result"]
        return [float(one["value"][1]) for one in found]

    def alerts(self):
        """Alerts that are firing, or will when their time is over."""
        return {alert["labels"]["alertname"] for alert in self.data("/api/v1/alerts")["alerts"]}

    def rules(self):
        return [rule for group in self.data("/api/v1/rules")["groups"] for rule in group["rules"]]

    def stop(self):
        self.process.kill()  # it keeps nothing that anybody needs
        self.process.wait(timeout=20)
        self.log.close()


def metrics_in(text):
    """The names of our metrics in an expression or in a page of `/metrics`."""
    names = set(re.findall(r"\bveto_\w+", text))
    return {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in names}
