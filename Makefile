# SPDX-License-Identifier: Apache-2.0
#
# All that one does with this checkout.  `make` alone lists the targets.
# What is longer than a line or two is a script in tools/.

# Which Python makes the environment; the first of 3.11 or newer where this is empty.
PYTHON ?=
# 1: a missing tool is a failure, not a thing left out.
STRICT ?=
# Handed on to the tool that a target runs: make test ARGS="tests/labels -k ceiling".
ARGS :=
# How many test processes; 0 runs all in one.
JOBS := auto
# make lock: versions younger than this are left out, for a bad release is mostly withdrawn within days.
# Empty where the index does not tell dates.
AGE := 1 week
# make fresh: the Debian to make.
SUITE := bookworm

BIN := .venv/bin
CODE = $(wildcard src tests bench)

export PYTHON STRICT AGE SUITE
.DEFAULT_GOAL := help
.PHONY: test demo fix lint types coverage docs bench bench-peers soak fuzz flood mutate environment system lock fresh clean help

test: system lint types ## Set up, then lint, types and tests; STRICT=1, ARGS="tests/… -k …"
	@$(BIN)/python -m pytest --numprocesses=$(JOBS) $(ARGS)
	@tools/system-packages --report test

demo: environment ## Play the demonstration; ARGS
	@$(BIN)/legation demo $(ARGS)

fix: environment ## Format, and mend what the linter can mend
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

lint: environment ## Lint, and check the format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: environment ## Check the types
	@$(BIN)/mypy $(CODE)

coverage: environment ## Show the lines and branches that no test reaches; ARGS
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

docs: environment ## Redraw the generated parts of the documents
	@$(BIN)/python tools/docs.py
	@$(BIN)/python -m tools.verify_html

bench: ## Measure, beside others that do a part of the same; ARGS
	@tools/environment .venv-bench runtime bench
	@.venv-bench/bin/python -m bench $(ARGS)

bench-peers: ## Measure also mail, feed and chat servers, installed for it in places of their own; ARGS
	@tools/bench-peers
	@$(MAKE) --no-print-directory bench

soak: environment ## Kill two nodes a thousand times, hold the two verifiers against each other; ARGS="--seed …"
	@$(BIN)/python -m tests.kill $(ARGS)
	@$(BIN)/python -m tests.verifier --mutations 1000000 --splices 100000

fuzz: environment ## Try every decoder with a million inputs, writes docs/evidence/fuzz.json; ARGS="--decoder …"
	@$(BIN)/python -m tests.fuzz $(ARGS)

flood: environment ## Flood a node, and measure how long a peer waits, writes docs/evidence/flood.json
	@$(BIN)/python -m tests.flood

mutate: environment ## Change the source of labels, see that tests notice, writes docs/evidence/mutation-labels.json; ARGS="--count 300 --seed …"
	@$(BIN)/python -m tests.mutate $(ARGS)

environment: ## Make or renew .venv, if it is not as the requirements say
	@tools/environment .venv runtime dev

system: # What tests need from the system and do not have
	@tools/system-packages test

lock: environment ## Maintainers: resolve anew and write requirements/*.txt; AGE="1 week"
	@tools/lock

fresh: ## Play the README's commands in a bare Debian (root, debootstrap); SUITE=bookworm
	@tools/fresh

clean: ## Remove the environments and all that tools left behind
	rm -rf .venv .venv-* .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find src tests $(wildcard bench) -name __pycache__ -prune -exec rm -rf {} +

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
