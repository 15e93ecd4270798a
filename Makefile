# Needs make and Python 3.11 or newer (with venv); everything else comes from the locked requirements.
# pip's own settings (PIP_*, pip.conf) hold: nothing here chooses an index. Only relative paths below, so that
# a checkout under a path with spaces works.

PYTHON ?= python3
BIN := .venv/bin
SHELL := /bin/sh
.DEFAULT_GOAL := help

# Targets share one .venv.
.NOTPARALLEL:
.PHONY: help run story check test sabotage fuzz faults lint bench check-outside image-check mutants openapi docs lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: .venv/.run-stamp ## start the service for trying out
	$(BIN)/python -m service run

story: .venv/.run-stamp ## play ten chapters from start to end (BASE_URL=... against a running service)
	$(BIN)/python -m examples.story $(if $(BASE_URL),--base-url "$(BASE_URL)")

# What tells most in a minute: no server is started. mypy runs beside the tests, and both are heard.
check: .venv/.dev-stamp ## check style, types, contracts and the tests that need no server
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/lint-imports
	@$(BIN)/python -m mypy & types=$$!; \
	$(BIN)/python -m pytest --numprocesses 2 -m 'not server'; tests=$$?; \
	wait $$types && exit $$tests

test: .venv/.dev-stamp ## run the tests on SQLite, and a share of them on PostgreSQL (WHOLE=1: all on both)
	$(BIN)/python -m pytest --numprocesses 2 -p api_tests.workers $(if $(WHOLE),--whole)

sabotage: .venv/.dev-stamp ## break each promise and expect its test to fail (CHANGED=COMMIT: what changed, and a share)
	$(BIN)/python -m api_tests.sabotage $(if $(CHANGED),--changed "$(CHANGED)")

lint: .venv/.dev-stamp ## check style, types and the direction of dependencies
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy
	$(BIN)/lint-imports

fuzz: .venv/.dev-stamp ## send the API what its document allows and what it does not
	$(BIN)/python -m api_tests.fuzz

faults: .venv/.dev-stamp ## kill, freeze, fill up and cut off the service under load (SHORT=1 for a minute of it)
	$(BIN)/python -m api_tests.faults $(if $(SHORT),--short)

check-outside: .venv/.dev-stamp ## check with programs of others; CONTRIBUTING.md says which it needs (RULESET=FILE)
	$(BIN)/python -m api_tests.outside $(if $(RULESET),--ruleset "$(RULESET)")

image-check: .venv/.dev-stamp ## build the image and start it; needs root, buildah, runc, mmdebstrap or BASE=IMAGE
	$(BIN)/python -m api_tests.outside.image $(if $(BASE),--base "$(BASE)")

mutants: .venv/.dev-stamp ## change the pure rules one by one, and count what their tests do not notice
	$(BIN)/python -m api_tests.mutants

bench: .venv/.dev-stamp ## measure the service against the bare floor of this machine
	$(BIN)/python -m benchmarks

openapi: .venv/.run-stamp ## write the OpenAPI document
	$(BIN)/python -m service openapi

docs: .venv/.dev-stamp ## write the generated pages, and build the documentation as a site in docs/_build
	$(BIN)/python -m docs.generate
	$(BIN)/python -m sphinx -W -n -q docs docs/_build

LOCK := .venv/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--annotation-style line --custom-compile-command "make lock"

lock: .venv/.made ## take the newest versions and lock them with hashes
	$(BIN)/python -m venv .venv/lock
	.venv/lock/bin/python -m pip install --quiet uv
	$(LOCK) pyproject.toml --output-file requirements.txt
	$(LOCK) pyproject.toml --group dev --constraints requirements.txt --output-file requirements-dev.txt
	rm -rf .venv/lock

clean: ## remove everything make has made
	rm -rf .venv docs/_build mutants .pytest_cache .hypothesis .schemathesis .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first name that is new enough wins; PYTHON=... goes first.
.venv/.made:
	@for python in "$(PYTHON)" python3.14 python3.13 python3.12 python3.11; do \
		"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		"$$python" -m venv --clear .venv && touch $@ && exit 0; \
	done; \
	echo 'Casusroute needs Python 3.11 or newer with venv; say where it is with make PYTHON=/path/to/python3' >&2; \
	exit 1

.venv/.run-stamp: requirements.txt .venv/.made
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	@touch $@

.venv/.dev-stamp: requirements-dev.txt .venv/.made
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@ .venv/.run-stamp
