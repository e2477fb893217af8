# Everything a newcomer needs: `make demo`, `make test`. Both set up .venv from the lock first.
# Needed beforehand: Python 3.11 or later (with its venv module), make, and the package registries.

PYTHON ?= python3
WORKERS ?= 2
# Passed on, for example: make test ARGS="tests/log -k fenced", make demo ARGS="--until-ticket".
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
# When this file is younger than the lock and the project file there is nothing to set up.
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test soak lint format types contracts lock client screenshots clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv from the lock, with checked hashes

# uv (itself pinned in the lock, fetched by pip with its hash) installs the rest in seconds; where it cannot
# reach the registry that pip is configured for, pip does the same more slowly.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; $(PYTHON) is older. Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "$(PYTHON) cannot make virtual environments; on Debian: apt install python3-venv" >&2; exit 1; }
	@awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock > $(VENV)/uv.lock
	@echo "Setting up $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(VENV)/uv.lock
	@UV_PYTHON_DOWNLOADS=never $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock || \
	  { echo "uv did not succeed; pip tries …"; \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock; }
	@UV_PYTHON_DOWNLOADS=never $(BIN)/uv pip install --quiet --offline --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## run the whole platform with a simulated fleet
	@exec $(BIN)/zerodistance demo $(ARGS)

test: setup ## run the tests (about twelve minutes on two cores)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

soak: setup ## run the long tests
	$(BIN)/python -m pytest -m soak $(ARGS)

screenshots: setup ## write docs/screenshots anew (takes Chromium)
	ZD_SCREENSHOTS=$(CURDIR)/docs/screenshots $(BIN)/python -m pytest -q tests/browser/test_walk.py
	$(BIN)/python -m tests.browser.pictures docs/screenshots

lint: setup ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup ## mend style and formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: setup ## check types
	$(BIN)/mypy

contracts: setup ## check which room imports which
	$(BIN)/lint-imports

LOCKING := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate --no-emit-index-url --quiet $(ARGS)

lock: setup ## write the lock files anew (ARGS=--upgrade for newer versions)
	$(BIN)/$(LOCKING) --group dev -o requirements.lock
	$(BIN)/$(LOCKING) -c requirements.lock -o requirements-runtime.lock

client: setup ## write the typed Python client anew from the OpenAPI document
	PYTHONPATH=. $(BIN)/python clients/generate.py

clean: ## remove .venv and what tools have cached
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
