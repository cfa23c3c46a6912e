# Needs make and Python 3.11 or newer; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test soak bench pictures check lock clean

help: ## Say what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

$(VENV)/ready: dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

demo: $(VENV)/ready ## Set up, and show the whole job on this machine
	@$(BIN)/intake demo

test: check ## Set up, lint, type-check and run every test
	$(BIN)/pytest -n auto

soak: $(VENV)/ready ## Kill the daemon 1,300 times and see that nothing is lost: SOAK="--help" says what else
	$(BIN)/python -m tests.soak $(SOAK)

BENCHMARKS := pipeline triage latency growth memory many scale
FIGURES := $(if $(QUICK),$(VENV)/figures-quick.json,benchmarks/figures.json)

bench: $(VENV)/ready ## Measure, hours on a quiet machine: QUICK=1 only sees that every benchmark works
	$(BIN)/python -m benchmarks.rules $(if $(QUICK),--rounds 1)
	@for one in $(BENCHMARKS); do echo "== $$one"; \
	  $(BIN)/python -m benchmarks.$$one $(if $(QUICK),--quick) --into $(FIGURES) || exit 1; done

pictures: $(VENV)/ready ## Draw every kind of mail into docs/images
	$(BIN)/python -m tests.looks.pictures

check: $(VENV)/ready ## Lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(VENV)/ready ## Resolve the dependencies anew
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --no-annotate --upgrade --extra demo --group dev pyproject.toml -o dev.lock

clean: ## Remove what was set up
	rm -rf $(VENV) demo-run build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
