# Two commands do everything on a fresh machine with Python 3.11 or newer: `make conformance` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
FOLDERS := pytest_smi conformance sample_app tests conftest.py
REPORT ?= smi-report
FAULTS := tests/runs/test_every_fault_is_caught.py
# Each starts a cluster of its own, which keeps both cores busy: more at a time would only slow the windows of metrics down.
FAULT_RUNS ?= 3
ALLURE ?= $(abspath $(VENV))/allure/node_modules/.bin/allure

# Compiled files are kept: every run of the suite starts several processes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: conformance test cluster-up cluster-down e2e-report faults personas soak explore mutants bench faults-all lint format requirements workflows wheel clean

## conformance: run the suite on the embedded reference mesh and write the report
conformance: $(VENV)/ready
	$(BIN)/pytest --mesh=reference -n 2 --smi-report=$(REPORT)
	$(BIN)/pytest-smi verify $(REPORT) --key $(REPORT)/signing-key.pub.pem

## test: the project's own tests, every fault tested against what it breaks and a sample of the rest included
test: $(VENV)/ready lint
	$(BIN)/pytest tests -n 2 --dist worksteal --ignore=$(FAULTS)
	$(BIN)/pytest $(FAULTS) -n $(FAULT_RUNS) --dist worksteal

## e2e-report: the page, and the report that Allure 3 makes, in a real browser; installs what is missing, else skips and says why
e2e-report: $(VENV)/ready
	command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -qq -y chromium; } \
		|| echo "no Chromium, and only root can install it"
	[ -x $(ALLURE) ] || npm install --silent --no-audit --no-fund --prefix $(VENV)/allure allure@3 || echo "no Allure: npm cannot install it"
	ALLURE=$(ALLURE) $(BIN)/pytest tests/browser -m browser -rs

## cluster-up: a real Kubernetes node from Go modules and Debian packages, as root; prints the path of its kubeconfig
cluster-up: $(VENV)/ready
	$(BIN)/python -m tests.cluster up

## cluster-down: stop that node and remove all of its state; what was built stays in the cache
cluster-down: $(VENV)/ready
	$(BIN)/python -m tests.cluster down

## e2e: on a real Kubernetes node: its API compared with the embedded one, the null mesh, Traefik Mesh, faults of the cluster, OSM; needs root
# SMI_E2E=short takes some rows of every API where it can, SMI_E2E=full disturbs whole runs too: see tests/e2e/mesh_tests.py.
E2E := null_mesh meshes_come_and_go traefik_mesh faults_of_the_cluster osm
e2e: $(VENV)/ready
	$(BIN)/python -m tests.cluster up
	status=0; \
	SMI_CONTRACT_KUBECONFIG="$$($(BIN)/python -m tests.cluster kubeconfig)" $(BIN)/pytest tests/contract -n 2 \
		&& $(BIN)/pytest -m cluster -rs --durations=20 tests/cluster $(E2E:%=tests/e2e/test_%.py) \
		|| status=1; \
	$(BIN)/python -m tests.cluster down && exit $$status

## faults: every fault tested against all requirements of the APIs that it breaks
faults: $(VENV)/ready
	SMI_FAULTS_SCOPE=api $(BIN)/pytest $(FAULTS) -n $(FAULT_RUNS) --dist worksteal

## faults-all: every fault tested against all requirements
faults-all: $(VENV)/ready
	SMI_FAULTS_SCOPE=all $(BIN)/pytest $(FAULTS) -n $(FAULT_RUNS) --dist worksteal

## personas: the suite against every persona of the reference mesh, each compared with its expected matrix
personas: $(VENV)/ready
	$(BIN)/pytest tests/personas -m personas

## soak: whole runs of the healthy reference mesh under load, whose verdicts must all be the same; see python -m tests.soak --help for others
SOAK_RUNS ?= 60
soak: $(VENV)/ready
	$(BIN)/python -m tests.soak --out soak --runs $(SOAK_RUNS)

## explore: the search for counterexamples at length, on the healthy reference mesh and on every persona; prints what nobody declared
EXPLORE_TIME ?= 30m
explore: $(VENV)/ready
	$(BIN)/python -m tests.soak.explore --out explored --time $(EXPLORE_TIME) --seed $(SEED)

## mutants: the suite against random changes of the reference mesh's deciding code; prints those that it does not notice
MUTANTS ?= 200
SEED ?= 1
mutants: $(VENV)/ready
	$(BIN)/python -m tests.mutants --count $(MUTANTS) --seed $(SEED)

## bench: measure and print ratios
bench: $(VENV)/ready
	for script in tests/benchmarks/bench_*.py; do $(BIN)/python $$script || exit 1; done

## lint: formatting, lint rules, types and import contracts
lint: $(VENV)/ready
	$(BIN)/ruff check $(FOLDERS)
	$(BIN)/ruff format --check $(FOLDERS)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/ready
	$(BIN)/ruff check --fix $(FOLDERS)
	$(BIN)/ruff format $(FOLDERS)

## requirements: write docs/requirements.md again, from the suite, the faults and the profiles
requirements: $(VENV)/ready
	$(BIN)/pytest-smi catalogue --markdown >docs/requirements.md

## workflows: actionlint (built once from its Go module) over the workflows, the templates of docs/pipelines.md and action.yml
workflows: $(VENV)/ready
	[ -x $(BIN)/actionlint ] || PATH="$$PATH:/usr/local/go/bin" GOBIN="$(abspath $(BIN))" go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
	$(BIN)/pytest tests/docs/test_workflows.py

wheel: $(VENV)/ready
	$(BIN)/python -m build

$(VENV)/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pytest-smi needs Python 3.11 or newer; name one with make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet --editable . --group dev
	touch $@

clean:
	rm -rf $(VENV) $(REPORT) dist build
