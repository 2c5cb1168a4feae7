# Runtime Supervisor. `make help` lists what there is to do.

PYTHON ?= python3
PYTHON_NEWER ?= python3.13
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
SCRATCH := .scratch
export PIP_CONSTRAINT := $(CURDIR)/config/constraints.txt

.DEFAULT_GOAL := help
.PHONY: help run test test-newer test-systemd test-engines torture fuzz bench bench-peers check lint types floors format constraints install uninstall clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.run ## the daemon, in the foreground, on a copy of the bundled homelab
	@sh config/demo.sh $(CURDIR)/$(SCRATCH)/homelab $(CURDIR)/$(BIN)/runtime-supervisor

test: $(VENV)/.dev ## all tests, on this Python and, where there is one, on 3.13
	$(BIN)/python -m pytest
	@if $(PYTHON_NEWER) -c 'import venv, ensurepip' 2>/dev/null && \
	    ! $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 13))'; then \
	  $(MAKE) --no-print-directory test-newer; fi

test-newer: ## all tests on Python 3.13, in an environment of its own
	$(MAKE) --no-print-directory PYTHON=$(PYTHON_NEWER) VENV=.venv-3.13 .venv-3.13/.dev
	.venv-3.13/bin/python -m pytest

test-systemd: $(VENV)/.dev ## the installed service on a booted systemd, as root; says so where it cannot
	@$(BIN)/python -m tests.systemd.run $(ARGS)

test-engines: $(VENV)/.dev ## observer and supervisor with real Docker, Podman and systemd, as root; says so where it cannot
	@$(BIN)/python -m tests.engines.run $(ARGS)

torture: $(VENV)/.dev ## every fault provoked for real, at length; prints the table of docs/reliability.md
	@$(BIN)/python -m tests.torture.run $(ARGS)

fuzz: $(VENV)/.dev ## 100 000 broken inputs through reader, judgement and emitter; ARGS='--inputs N --seed N'
	@$(BIN)/python -m tests.torture.fuzz $(ARGS)

bench: $(VENV)/.bench ## what it costs, as ratios within one run; ARGS='--only SECTION,... --json FILE --write'
	@$(BIN)/python -m tests.bench.run $(ARGS)

bench-peers: $(VENV)/.dev ## ours against Prometheus, monit, ansible and cfengine, which it fetches itself; says so where it cannot
	@$(BIN)/python -m tests.bench.peers $(ARGS)

check: lint types floors ## style, types and floors, as CI runs them

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

floors: $(VENV)/.dev
	$(BIN)/lint-imports --config tests/importlinter.ini --no-cache

format: $(VENV)/.dev ## put the code into its usual form
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

constraints: $(VENV)/.dev ## pin the newest releases of everything
	rm -rf $(SCRATCH)/pins && $(PYTHON) -m venv $(SCRATCH)/pins
	PIP_CONSTRAINT= $(SCRATCH)/pins/bin/python -m pip install --quiet --upgrade '.[bench,dev]' setuptools
	{ sed '/^[^#]/d' config/constraints.txt; $(SCRATCH)/pins/bin/python -m pip freeze --all \
	  | grep -v -e '^pip==' -e '^runtime-supervisor'; } > $(SCRATCH)/constraints.txt
	mv $(SCRATCH)/constraints.txt config/constraints.txt

# The system's Python, not the one of a developer's shims; the service's user has to reach it.
install uninstall: PYTHON = /usr/bin/python3
install: ## into the system, as root; DESTDIR= (stage), PREFIX= (/usr/local), PYTHON= (/usr/bin/python3)
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' PYTHON='$(PYTHON)' sh systemd/install.sh install .

uninstall: ## take away what install put, with the same DESTDIR and PREFIX
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' PYTHON='$(PYTHON)' sh systemd/install.sh uninstall .

clean: ## take away what make made
	rm -rf .venv .venv-3.13 $(SCRATCH) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml config/constraints.txt | $(VENV)/bin/python
	$(PIP) install --use-pep517 --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml config/constraints.txt | $(VENV)/bin/python
	$(PIP) install --use-pep517 --editable '.[dev]'
	@touch $@ $(VENV)/.run

$(VENV)/.bench: $(VENV)/.dev
	$(PIP) install --use-pep517 --editable '.[bench,dev]'
	@touch $@
