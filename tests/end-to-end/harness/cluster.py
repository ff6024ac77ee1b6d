"""A cluster of real processes on loopback, with two organizations that must never meet."""

from harness import api
from harness.process import Process
from harness.wait import until

POLICY = """\
apiVersion: veto/v1
kind: Policy
metadata: { name: support-refunds, description: What support agents may do with money. }
subjects: { roles: [support] }
rules:
  - id: small-refunds
    tools: [payments.refund]
    effect: allow
    arguments:
      amount: { type: number, exclusiveMinimum: 0, maximum: 50 }
      currency: { enum: [USD, EUR] }
    optional: [currency]
  - id: large-refunds
    tools: [payments.refund]
    effect: require_approval
    arguments: any
    when: args.amount > 50.0
    approval: { approvers: ['role:finance-lead'], quorum: 1, expires: 15m }
  - id: never-export
    tools: ['**.export']
    effect: deny
    reason: Customer data leaves through the data team only.
    severity: high
"""


class Tenant:
    """One organization: its admin key, an agent with its key, its published policies."""

    def __init__(self, cluster, name):
        self.cluster, self.name = cluster, name
        answer = cluster.admin("OrganizationService", "CreateOrganization",
                               api.organizations_pb2.CreateOrganizationRequest(id=name),
                               cluster.root_key)
        self.key = answer.admin_key
        self.ask("OrganizationService", "CreateProject",
                 api.organizations_pb2.CreateProjectRequest(id="shop"))
        self.ask("OrganizationService", "CreateEnvironment",
                 api.organizations_pb2.CreateEnvironmentRequest(project="shop", id="dev"))
        self.put_agent(f"bot-{name}", ["support"])
        self.agent_key = self.create_key(
            kind=api.keys_pb2.KEY_KIND_AGENT, scope=api.scope(), agents=[f"bot-{name}"])

    def ask(self, service, method, request, deadline=None):
        return self.cluster.admin(service, method, request, self.key, deadline)

    def put_agent(self, agent, roles, **fields):
        agent = api.agents_pb2.Agent(project="shop", id=agent, roles=roles, **fields)
        return self.ask("AgentService", "PutAgent", api.agents_pb2.PutAgentRequest(agent=agent))

    def create_key(self, **fields):
        return self.ask("KeyService", "CreateKey", api.keys_pb2.CreateKeyRequest(**fields)).secret_key

    def publish(self, *files, deadline=None, **fields):
        files = [api.policy_file(path, text) for path, text in files]
        request = api.policies_pb2.PublishPoliciesRequest(scope=api.scope(), files=files, **fields)
        return self.ask("PolicyService", "PublishPolicies", request, deadline).version

    def token(self, key=None, audience=api.tokens_pb2.AUDIENCE_DATA_PLANE):
        return self.cluster.admin("TokenService", "ExchangeKey",
                                  api.tokens_pb2.ExchangeKeyRequest(audience=audience),
                                  key or self.agent_key).token

    def ledger_token(self, key=None):
        return self.token(key or self.key, api.tokens_pb2.AUDIENCE_LEDGER)

    def records(self, **filters):
        """All decisions that match, newest first, page by page."""
        token, page, records = self.ledger_token(), "", []
        while True:
            request = api.records_pb2.ListRecordsRequest(
                filter=api.records_pb2.RecordFilter(**filters), page_size=1000, page_token=page)
            answer = self.cluster.ledger_api.call("RecordService", "ListRecords", request, token)
            records.extend(answer.records)
            page = answer.next_page_token
            if not page:
                return records


class Cluster:
    """One control plane, two data planes, one ledger."""

    def __init__(self, bin_dir, directory, otlp=None):
        self.bin_dir, self.directory, self.otlp = bin_dir, directory, otlp
        self.processes = {}
        self.apis = []

    def start_all(self):
        control = self.add("control", "veto-control-plane", {"bootstrap": True})
        control.start()
        self.control_api = self.connect(control)
        until(lambda: (control.data / "trust.json").exists() and (control.data / "root.key").exists(),
              what="bootstrap")
        self.root_key = (control.data / "root.key").read_text().strip()
        until(lambda: self.admin("OrganizationService", "ListOrganizations",
                                 api.organizations_pb2.ListOrganizationsRequest(), self.root_key)
              is not None, what="control plane")

        node_key = self.directory / "node.key"
        request = api.keys_pb2.CreateKeyRequest(kind=api.keys_pb2.KEY_KIND_NODE)
        node_key.write_text(
            self.admin("KeyService", "CreateKey", request, self.root_key).secret_key)
        trust = str(control.data / "trust.json")
        upstream = [f"http://{control.address}"]

        ledger = self.add("ledger", "veto-ledger", {"control_planes": upstream, "trust_file": trust})
        ledger.start()
        self.ledger_api = self.connect(ledger)
        for name in ("node-1", "node-2"):
            config = {"node": name, "control_planes": upstream, "trust_file": trust,
                      "key_file": str(node_key), "ledger": f"http://{ledger.address}"}
            if self.otlp:
                config["otlp"] = {"endpoint": self.otlp}
            self.add(name, "veto-data-plane", config).start()
        self.nodes = [self.connect(self.processes[name]) for name in ("node-1", "node-2")]

        self.acme, self.globex = Tenant(self, "acme"), Tenant(self, "globex")
        for tenant in (self.acme, self.globex):
            version = tenant.publish(("support.yaml", POLICY), message="first")
            self.wait_enforced(tenant, version)

    def wait_enforced(self, tenant, version):
        """Waits until both nodes answer from at least this revision."""
        token = tenant.token()
        for node in self.nodes:
            request = api.check_request("payments.refund", '{"amount":1}')
            request.at_least_revision = version.published.revision
            until(lambda node=node, request=request:
                  node.call("AuthorizationService", "Authorize", request, token),
                  what=f"revision {version.published.revision} in force")

    def add(self, name, binary, config):
        self.processes[name] = Process(name, self.bin_dir / binary, self.directory, config)
        return self.processes[name]

    def connect(self, process):
        self.apis.append(api.Api(process.address))
        return self.apis[-1]

    def admin(self, service, method, request, credential, deadline=None):
        return self.control_api.call(service, method, request, credential, deadline=deadline)

    def stop_all(self):
        for connection in self.apis:
            connection.close()
        codes = {name: process.stop() for name, process in reversed(self.processes.items())}
        assert all(code == 0 for code in codes.values()), f"exit codes: {codes}"

    def log_tails(self):
        return [(f"log of {name}", process.log_tail()) for name, process in self.processes.items()]
