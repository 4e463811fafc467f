# Tingsu 听诉. `make run` is the desk, `make test` is every test; both set up what they need and can be run again.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
CONFIG ?= config.toml
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install
# Only files whose hash is written down are taken, and no build may fetch anything: what builds Tingsu, and srt, which has no wheel,
# is locked too (requirements-build.txt).
LOCKED := --require-hashes --only-binary :all: --no-binary srt --use-pep517 --no-build-isolation
OURS   := --no-index --no-deps --no-build-isolation -e .
SAY    := printf '\033[1m==> %s\033[0m\n'

# pip draws its bar only where it has the terminal to itself (and, with --quiet, nowhere); a log gets a line a package instead.
# Of its warnings two are nobody's concern: a mirror this machine names and does not have, and (pip 23.0) how --no-binary will change.
define install
  @fetch() { $(PIP) $(1) 2>&1 >&3 | sed -u '/^WARNING: Location .* is ignored/d; /^DEPRECATION: --no-binary /d' >&2; }; \
  if [ -t 1 ]; then fetch 3>&1; \
  else fetch 3>&1 | sed -un '/\.metadata /d; s/^ *\(Downloading .*\|Using cached .*\|Installing collected packages\).*/    \1/p'; fi
endef

DESK_SOURCES := $(shell find desk -path desk/node_modules -prune -o -path desk/dist -prune -o -type f -print 2>/dev/null)

.PHONY: help run demo test faults bench check format rules lock clean python

help:
	@echo 'make run     set up (no root needed), then serve the desk on http://127.0.0.1:8080; Ctrl-C stops all of it'
	@echo 'make demo    the same, with sample customers, tickets, callers and agents to watch'
	@echo 'make test    every test, on a real Asterisk, PostgreSQL, Vosk and Chromium (installs system packages)'
	@echo 'make faults  kills, lost links, full disks: each fault many times under calls, and a table of what held (an hour)'
	@echo 'make bench   speed, side by side with peers: a table and bench.json'
	@echo 'make check   ruff, mypy, import contracts, vue-tsc, lint of the desk'
	@echo 'make rules   write anew which files keep which rule (docs/rules.md)'
	@echo 'make lock    write the requirements files anew from pyproject.toml (ARGS=--upgrade: with the newest versions)'
	@echo 'make clean   remove the environment and what was built; recordings and data in var/ stay'

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo 'Tingsu needs python3 3.11 or newer; PYTHON=/path/to/python3.12 make … names another one.' >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo 'This python3 has no venv: apt install python3-venv' >&2; exit 1; }

# one stamp for what the desk runs on, one for what tests, benches and checks need besides
$(VENV)/run.stamp: pyproject.toml requirements-build.txt requirements.txt | python
	@[ -x $(BIN)/python ] || { $(SAY) 'Making the virtual environment'; $(PYTHON) -m venv $(VENV); }
	@$(SAY) 'Installing Python packages (about 300 MB the first time)'
	$(call install,$(LOCKED) -r requirements-build.txt)
	$(call install,$(LOCKED) -r requirements.txt)
	$(call install,$(OURS))
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.txt
	@$(SAY) 'Installing what tests and checks need'
	$(call install,$(LOCKED) -r requirements-dev.txt)
	@touch $@

desk/dist/index.html: $(VENV)/run.stamp $(DESK_SOURCES) $(shell find services -name 'wire.py' -o -name 'routes.py') services/web/shapes.py services/web/messages.py services/access/rights.py
	@$(SAY) 'Building the desk'
	@$(BIN)/python desk/build.py

run: $(VENV)/run.stamp desk/dist/index.html
	@exec $(BIN)/tingsu run --config $(CONFIG)

demo: $(VENV)/dev.stamp desk/dist/index.html
	@exec $(BIN)/python -m tests.demo --config $(CONFIG)

test: $(VENV)/dev.stamp desk/dist/index.html
	@$(BIN)/python -m tests.harness.system_packages
	@$(SAY) 'Testing'
	@$(BIN)/python -m pytest -n 2 --dist loadscope -m 'not long' $(ARGS)

faults: $(VENV)/dev.stamp desk/dist/index.html
	@$(BIN)/python -m tests.harness.system_packages
	@$(SAY) 'Trying faults'
	@$(BIN)/python -m pytest tests/faults $(ARGS)

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

rules:
	@$(PYTHON) -m docs.rules

# uv keeps the versions that the file it writes already has; so the three files begin as copies of one that holds everything and agree.
LOCK  := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock'
RUNS  := pyproject.toml --extra embedded --extra asr --extra desk
PARTS := $(VENV)/lock
define part
  @cp $(PARTS)/all.txt $(PARTS)/$(1)
  @$(LOCK) $(2) --output-file $(PARTS)/$(1)
endef

lock: $(VENV)/dev.stamp
	@$(SAY) 'Writing requirements-build.txt, requirements.txt and requirements-dev.txt'
	@mkdir -p $(PARTS) && cat requirements*.txt > $(PARTS)/all.txt
	@$(LOCK) $(RUNS) --extra dev --group build $(ARGS) --output-file $(PARTS)/all.txt
	$(call part,requirements-build.txt,--group build)
	$(call part,requirements.txt,$(RUNS))
	$(call part,requirements-dev.txt,$(RUNS) --extra dev $$(sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package \1/p' $(PARTS)/requirements.txt))
	@mv $(PARTS)/requirements*.txt .

clean:
	rm -rf $(VENV) desk/dist desk/node_modules desk/src/api.d.ts desk/openapi.json build dist .mypy_cache .ruff_cache .pytest_cache
