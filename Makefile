# Tingsu 听诉. `make run` is the desk, `make test` is every test; both set up what they need and can be run again.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
CONFIG ?= config.toml
VENV   := .venv
BIN    := $(VENV)/bin
# pip's own bar shows the download's progress; the warning about its newer self is noise
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --progress-bar on --quiet --prefer-binary -c requirements.txt
SAY    := printf '\033[1m==> %s\033[0m\n'

DESK_SOURCES := $(shell find desk -path desk/node_modules -prune -o -path desk/dist -prune -o -type f -print 2>/dev/null)

.PHONY: help run demo test bench check format clean python

help:
	@echo 'make run     set up (no root needed), then serve the desk on http://127.0.0.1:8080; Ctrl-C stops all of it'
	@echo 'make demo    the same, with sample customers, tickets, callers and agents to watch'
	@echo 'make test    every test, on a real Asterisk, PostgreSQL, Vosk and Chromium (installs system packages)'
	@echo 'make bench   speed, side by side with peers: a table and bench.json'
	@echo 'make check   ruff, mypy, import contracts, vue-tsc, lint of the desk'
	@echo 'make clean   remove the environment and what was built; recordings and data in var/ stay'

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo 'Tingsu needs python3 3.11 or newer; PYTHON=/path/to/python3.12 make … names another one.' >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo 'This python3 has no venv: apt install python3-venv' >&2; exit 1; }

# one stamp for what the desk runs on, one for what tests, benches and checks need besides
$(VENV)/run.stamp: pyproject.toml requirements.txt | python
	@[ -x $(BIN)/python ] || { $(SAY) 'Making the virtual environment'; $(PYTHON) -m venv $(VENV); }
	@$(SAY) 'Installing Python packages (about 300 MB the first time)'
	@$(PIP) -e '.[embedded,asr,desk]'
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	@$(SAY) 'Installing what tests and checks need'
	@$(PIP) -e '.[embedded,asr,desk,dev]'
	@touch $@

desk/dist/index.html: $(VENV)/run.stamp $(DESK_SOURCES) services/web/schemas.py
	@$(SAY) 'Building the desk'
	@$(BIN)/python desk/build.py

run: $(VENV)/run.stamp desk/dist/index.html
	@exec $(BIN)/tingsu run --config $(CONFIG)

demo: $(VENV)/dev.stamp desk/dist/index.html
	@exec $(BIN)/python -m tests.demo --config $(CONFIG)

test: $(VENV)/dev.stamp desk/dist/index.html
	@$(BIN)/python -m tests.harness.system_packages
	@$(SAY) 'Testing'
	@$(BIN)/python -m pytest -n 2 --dist loadscope $(ARGS)

bench: $(VENV)/dev.stamp desk/dist/index.html
	@$(BIN)/python -m tests.harness.system_packages bench
	@$(BIN)/python -m tests.bench $(ARGS)

check: $(VENV)/dev.stamp desk/dist/index.html
	@$(SAY) 'ruff';             $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(SAY) 'mypy';             $(BIN)/mypy
	@$(SAY) 'import contracts'; $(BIN)/lint-imports
	@$(SAY) 'desk';             $(BIN)/python desk/build.py check

format: $(VENV)/dev.stamp
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

clean:
	rm -rf $(VENV) desk/dist desk/node_modules desk/src/api.d.ts desk/openapi.json build dist .mypy_cache .ruff_cache .pytest_cache
