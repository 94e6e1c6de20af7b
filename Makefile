SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
export GX_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1
# Where the environment forbids byte code, every start compiles its imports again: 3 of 7 CPU seconds of each dbt.
export PYTHONDONTWRITEBYTECODE :=

# Each commit of a test's small database waits for the disk, tens of thousands of times; in memory nothing waits.
SCRATCH := $(shell test "$$(df --block-size=1G --output=avail /dev/shm 2>/dev/null | tail -1)" -ge 8 2>/dev/null && \
	echo TMPDIR=/dev/shm)

# Two workers, each through its own half of the files and then at the other's rest: what a module builds is built once.
PYTEST := $(SCRATCH) $(BIN)/python -m pytest -n 2 --dist worksteal

.PHONY: help setup demo month test coverage test-system lint types format dev serve shop bench bench-serving bench-models bench-learning clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## create .venv with pinned versions

$(VENV)/.ready: pyproject.toml constraints.txt
	@echo "Setting up $(VENV) with Python 3.11 (once)…"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[dev]'
	@touch $@

demo: setup ## run the whole path on the embedded data set and print a summary
	@$(BIN)/concierge demo

month: setup ## a month of the demo company hour by hour, with what it has to show (after make demo)
	@$(BIN)/concierge month

test: setup ## Python tests, at most 10 minutes
	@$(PYTEST)

# Apart from `test`: tracing each line takes more than half as much CPU time again, and decides nothing.
coverage: setup ## the same tests, with the lines that none of them reaches
	@$(PYTEST) --cov --cov-report=term

# Browsers and clients that the tests of the whole system drive; Debian's Chromium where there is none.
$(VENV)/.system-ready: $(VENV)/.ready tests/system/node/package.json
	@echo "Setting up clients and browser for the system tests (once)…"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[dev,system]'
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm install --prefix tests/system/node --no-package-lock --no-audit --no-fund --silent
	@which chromium chromium-browser google-chrome >/dev/null 2>&1 || \
		(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null)
	@touch $@

# Three workers on two cores: a fifth of the time of these tests is waiting for processes to start and to end.
test-system: $(VENV)/.system-ready ## daemon, browser, client, kill and second-data-set tests
	@$(SCRATCH) $(BIN)/python -m pytest tests/system tests/external -n 3 --dist loadfile --no-loadscope-reorder \
		-m "system or external" -o addopts="-ra --strict-markers --strict-config --import-mode=importlib"

lint: setup ## format, lint, SQL, import direction
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/sqlfluff lint --processes 2 dbt_project/models dbt_project/macros dbt_project/tests
	@$(BIN)/dbt parse --no-partial-parse --project-dir dbt_project --profiles-dir dbt_project --quiet

types: setup ## strict type check
	@$(BIN)/mypy

format: setup ## rewrite code and SQL in house format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/sqlfluff fix --processes 2 dbt_project/models

dev: setup ## Dagster UI with its daemon on http://127.0.0.1:3000
	@$(BIN)/concierge dev

serve: setup ## lookup service on http://127.0.0.1:8765
	@$(BIN)/concierge serve

bench: setup ## measure; results are described in docs/benchmarks.md
	@$(BIN)/python -m benchmarks.run

bench-serving: setup ## the service beside Feast and its own controls; needs wrk and redis-server
	@$(BIN)/python -m benchmarks.serving_table

bench-models: setup ## judge churn and value beside their baselines; recorded in docs/models.md
	@$(BIN)/python -m benchmarks.models

bench-learning: setup ## measure what is learned: bandit, statistics, off-policy, the hourly update
	@$(BIN)/python -m benchmarks.learning

shop: setup ## a small shop to watch personalization in: http://127.0.0.1:8080
	@$(BIN)/concierge shop

clean: ## remove the environment, caches and the demo's data
	rm -rf $(VENV) data .pytest_cache .mypy_cache .ruff_cache .import_linter_cache dbt_project/target dbt_project/logs .coverage
