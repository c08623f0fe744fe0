# One target per thing that is done with the checkout; `make help` lists them.
.DEFAULT_GOAL := help
.SHELLFLAGS := -eu -c
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
STAMP := $(VENV)/.installed
CHART := charts/slotwarden
CRD_FOLDERS := crds $(CHART)/files/crds
# End-to-end tests mostly wait for the servers, so there are more workers than cores.
WORKERS ?= 4
ARGS ?=

# $(call check,NAME,COMMAND): one line when it passes, the whole output when it does not.
check = @if out=$$($(2) 2>&1); then printf '✓ %s\n' '$(1)'; else printf '✗ %s\n%s\n' '$(1)' "$$out"; exit 1; fi

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(STAMP) ## Make .venv from the locks; again only when they changed

$(STAMP): requirements/dev.txt pyproject.toml
	@for candidate in "$${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$${python:-}" ]; then echo 'error: Python 3.11 or newer is needed; install it or set PYTHON=/path/to/python' >&2; exit 1; fi; \
	if ! $(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  echo "making $(VENV) with $$("$$python" --version)"; \
	  "$$python" -m venv --clear $(VENV) || { echo 'error: this Python cannot make virtual environments; install its venv package' >&2; exit 1; }; \
	fi
	@echo 'installing the locked requirements'
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: lint
lint: setup ## Linters, types, layers, generated files
	@$(PY) -m testbed binaries actionlint helm > /dev/null
	@$(MAKE) --no-print-directory -k -j4 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) $(LINTS)

LINTS := lint-format lint-ruff lint-types lint-layers lint-conventions lint-docs lint-proto lint-dashboard lint-crds lint-yaml lint-dockerfile lint-workflows lint-chart lint-locks
.PHONY: $(LINTS)
lint-format:
	$(call check,ruff format,$(BIN)/ruff format --check .)
lint-ruff:
	$(call check,ruff check,$(BIN)/ruff check .)
lint-types:
	$(call check,mypy --strict,$(BIN)/mypy)
lint-layers:
	$(call check,import layers,$(BIN)/lint-imports)
lint-conventions:
	$(call check,conventions,$(PY) -m tools.conventions)
lint-docs:
	$(call check,docs are those of the code,$(PY) -m tools.docs --check)
lint-proto:
	$(call check,gRPC code is that of the proto,$(PY) -m tools.proto --check)
lint-dashboard:
	$(call check,the dashboard is that of its questions,$(PY) -m tools.dashboard --check)
lint-crds:
	$(call check,CRDs are those of the models,for folder in $(CRD_FOLDERS); do $(BIN)/slotwarden crds --check $$folder || exit 1; done)
lint-yaml:
	$(call check,yamllint,$(BIN)/yamllint --strict .)
lint-dockerfile:
	$(call check,hadolint,if [ -f Dockerfile ]; then $(BIN)/hadolint Dockerfile; fi)
lint-workflows:
	$(call check,actionlint,actionlint=$$($(PY) -m testbed binaries actionlint | cut -f2); "$$actionlint" -shellcheck= -pyflakes=)
	$(call check,zizmor,$(BIN)/zizmor --offline --no-progress .github)
lint-chart:
	$(call check,helm lint,if [ -d $(CHART) ]; then helm=$$($(PY) -m testbed binaries helm | cut -f2); \
	  "$$helm" lint --strict $(CHART) && "$$helm" template slotwarden $(CHART) > /dev/null; fi)
lint-locks:
	$(call check,locks name no addresses,! grep -nE '^[^\#]*(://|--(extra-)?index-url|--find-links|--trusted-host)' requirements/*.txt requirements/*.in)

.PHONY: test
test: setup ## All tests but the long ones; ARGS=tests/unit for some
	@$(PY) -m testbed binaries > /dev/null
	@$(PY) -m pytest -n $(WORKERS) --dist loadgroup -m "not long" $(ARGS)

# Those of other folders that the table of faults names, and files of which `make test` leaves something out.
FAULTS = tests/faults tests/leadership \
  $(shell grep -rl --include='*.py' --exclude-dir=faults --exclude-dir=leadership 'mark\.long' tests | sort) \
  $(shell grep -oE 'tests/(aggregated|e2e|gateway)/[a-z_]+\.py::[a-z_]+' docs/reliability.md | sort -u)
.PHONY: test-faults
test-faults: setup ## The tests that spoil and stop servers and leaders, and all that take long
	@$(PY) -m testbed binaries > /dev/null
	@$(PY) -m pytest -n $(WORKERS) --dist loadgroup $(FAULTS) $(ARGS)

.PHONY: test-release
test-release: setup ## The end-to-end tests with the programs that the chart renders: their arguments, variables and accounts
	@$(PY) -m testbed binaries > /dev/null
	@$(PY) -m pytest -n $(WORKERS) --dist loadgroup -m "not long" --release $(or $(ARGS),tests/e2e tests/published)

.PHONY: testbed
testbed: setup ## A Kubernetes control plane and a Vault, until `make testbed-down`
	@$(PY) -m testbed up

.PHONY: testbed-down
testbed-down: setup ## End the testbed
	@$(PY) -m testbed down

.PHONY: demo
demo: setup ## The whole on the testbed, with the examples; ARGS=--once exits by itself
	@$(PY) -m testbed.demo $(ARGS)

.PHONY: bench
bench: setup ## Speed and cost, beside a bare client; ARGS="-n 2000 --only create", ARGS=--help
	@$(PY) -m bench $(ARGS)

.PHONY: bench-gateway
bench-gateway: setup ## The same of the gateway's published APIs; ARGS="--runs 1 --only get", ARGS=--help
	@$(PY) -m bench.gateway $(ARGS)

.PHONY: soak
soak: setup ## Mixed load on the gateway: does its memory stay flat? ARGS="--minutes 30", ARGS=--help
	@$(PY) -m bench.gateway.soak $(ARGS)

.PHONY: bench-clock
bench-clock: setup ## Does a clock tell a foreign secret from a missing one? ARGS="--rounds 4000", ARGS=--help
	@$(PY) -m bench.gateway.clock $(ARGS)

.PHONY: crds
crds: setup ## Write crds/ and the chart's copy from the models
	@for folder in $(CRD_FOLDERS); do $(BIN)/slotwarden crds --output $$folder > /dev/null; done

.PHONY: proto
proto: setup ## Write the Python of the gRPC service from proto/
	@$(PY) -m tools.proto

.PHONY: dashboard
dashboard: setup ## Write the chart's dashboard for Grafana from tools/dashboard
	@$(PY) -m tools.dashboard

.PHONY: docs
docs: setup ## Write the pages of docs/ that are made from the code
	@$(PY) -m tools.docs

.PHONY: test-kind
test-kind: setup ## Image, chart and end-to-end tests on a kind cluster; needs a container engine
	@$(PY) -m testbed kind-tests -- -n $(WORKERS) --dist loadgroup $(or $(ARGS),tests/e2e)

.PHONY: wheel
wheel: setup ## Wheel and source distribution in dist/, the same bytes for the same commit
	@SOURCE_DATE_EPOCH="$$(git log -1 --format=%ct)" $(PY) -m hatchling build --directory dist

.PHONY: package-chart
package-chart: setup ## The chart as an archive in dist/
	@helm=$$($(PY) -m testbed binaries helm | cut -f2); "$$helm" package $(CHART) --destination dist

.PHONY: image
image: ## The image slotwarden:dev, for this machine; needs a container engine
	@docker build --build-arg SOURCE_DATE_EPOCH="$$(git log -1 --format=%ct)" --tag slotwarden:dev .

.PHONY: sbom
sbom: setup ## The bill of materials of the runtime lock (CycloneDX), in dist/
	@SOURCE_DATE_EPOCH="$$(git log -1 --format=%ct)" $(PY) -m tools.sbom dist/slotwarden.cdx.json

COMPILE := CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url \
  --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe

.PHONY: lock
lock: setup ## Renew the locks from requirements/*.in
	@$(COMPILE) --output-file=requirements/runtime.txt requirements/runtime.in
	@$(COMPILE) --output-file=requirements/dev.txt requirements/dev.in
	@$(COMPILE) --output-file=requirements/build.txt requirements/build.in
