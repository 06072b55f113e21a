# Two commands on a fresh machine: make demo, make test. Needs Python 3.10-3.12, git and make; Docker is optional.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.10 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo demo-all test lint unit integration container e2e docs clean

demo: $(VENV)/.demo
	$(BIN)/evaldock run configs/quickstart.yaml

demo-all: $(VENV)/.demo
	$(BIN)/evaldock run configs/all-backends.yaml

test: lint unit

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

unit: $(VENV)/.dev
	$(BIN)/pytest -m "not container and not e2e and not browser" -n logical --maxprocesses 4 --dist loadfile

container: $(VENV)/.dev
	$(BIN)/pytest -m container

e2e: $(VENV)/.dev
	$(BIN)/pytest -m "e2e or browser"

docs: $(VENV)/.docs
	$(BIN)/python docs/make_reference.py
	$(BIN)/sphinx-build --fresh-env --fail-on-warning --keep-going --quiet docs docs/_build
	@echo docs/_build/index.html

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "evaldock needs Python 3.10, 3.11 or 3.12 with venv; none was found on PATH"; exit 3; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(VENV)/.demo $@

$(VENV)/.docs: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) runs docs/_build .mypy_cache .pytest_cache .ruff_cache
