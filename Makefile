# Everything runs in .venv, which is made here from Python 3.11 or newer.
#   make demo    see a request answered in a note
#   make test    lint, types and the suite, without the campaigns below; five minutes on two cores
#   make check   lint and types only
#   make faults  break things on purpose, half an hour: kills and errors at every point, a model
#   make faults-power  cut the power at every point, on disks of its own; as root, or with sudo
#   make soak SECONDS=3600  a mixed load with random kills: memory, descriptors, threads, latency
#   make fuzz SECONDS=300  fuzz all that reads text from outside, so long for each target
#   make mutants change the product in small ways, each of which a test has to notice; half an hour
#   make seeded  plant faults in a copy, one at a time, and see that each is found
#   make bench   measure; see docs/performance.md
#   make peers   install what `make bench` is compared with, into benchmarks/.peers
#   make clean   remove what was made here
# PYTHON=/path/to/python chooses the interpreter; ARGS="..." is passed on.

SHELL := /bin/sh
BIN := .venv/bin
READY := .venv/.ready
ARGS ?=
SECONDS ?= 3600

.DEFAULT_GOAL := help
.PHONY: help venv demo check format suite test faults faults-power soak fuzz mutants seeded bench peers build clean

help:
	@sed -n 's/^#  *make /make /p' Makefile

venv: $(READY)

$(READY): pyproject.toml hitl_vault/_version.py
	@.ci/venv .venv $(PYTHON)
	@echo "Installing hitl-vault and its development tools into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(READY)
	@$(BIN)/hitl demo $(ARGS)

check: $(READY)
	@echo "ruff"; $(BIN)/ruff check .
	@echo "ruff format"; $(BIN)/ruff format --check .
	@echo "mypy"; $(BIN)/mypy

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

suite: $(READY)
	@$(BIN)/python -m pytest -n 3 --dist loadfile $(ARGS)

test: check suite

faults: $(READY)
	@$(BIN)/python -m pytest -m 'faults or not faults' tests/faults $(ARGS)

faults-power: $(READY)
	@$(BIN)/python -m pytest tests/faults/power_cuts.py $(ARGS)

soak: $(READY)
	@$(BIN)/python -m tests.faults.soak --seconds $(SECONDS) $(ARGS)

fuzz: SECONDS = 300
fuzz: .venv/.fuzz
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(ARGS)

.venv/.fuzz: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	@touch $@

mutants: .venv/.mutants
	@$(BIN)/python -m tests.mutation $(ARGS)

.venv/.mutants: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[mutants]'
	@touch $@

seeded: $(READY)
	@$(BIN)/python -m tests.faults.seeded $(ARGS)

bench: $(READY)
	@$(BIN)/python -m benchmarks $(ARGS)

peers: benchmarks/.peers/.ready

benchmarks/.peers/.ready: benchmarks/requirements-peers.txt pyproject.toml
	@.ci/venv benchmarks/.peers $(PYTHON)
	@echo "Installing the peers into benchmarks/.peers ..."
	@benchmarks/.peers/bin/python -m pip install --quiet --disable-pip-version-check \
		-r benchmarks/requirements-peers.txt --editable .
	@touch $@

build: $(READY)
	@$(BIN)/python -m build --no-isolation

clean:
	rm -rf .venv .fuzz mutants benchmarks/.peers build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis benchmarks/results
