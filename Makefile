# `make help` lists the targets. Settings: PORT, MILVUS, VITRINE_DATA, TORCH_INDEX, PYTHON, WORKERS, SCHEMA_EXAMPLES, SEED, MINUTES
# (docs/operating.md).
PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
MILVUS ?= lite
# Processes that run the tests side by side, each with services of its own; services named by address can only be had once.
WORKERS ?= $(if $(DATABASE_URL)$(REDIS_URL)$(MILVUS_URI),0,2)
# Requests that `make schema` makes up for each operation, kind of data and kind of path.
SCHEMA_EXAMPLES ?= 200
# Of the fault run: which faults come when, and for how long.
ifndef SEED
SEED := $(shell date +%s)
endif
MINUTES ?= 20
# Where Linux takes torch from: the CPU build by default; https://download.pytorch.org/whl/cu130 for a CUDA one, empty for none.
TORCH_INDEX ?= $(if $(filter Linux,$(shell uname -s)),https://download.pytorch.org/whl/cpu)

# pip would compile every module of every package, for most of a minute; Python compiles those that it imports and keeps them.
COMPILE := $(if $(PYTHONDONTWRITEBYTECODE),,PIP_COMPILE=0)

BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
EXTRAS := embedded $(if $(filter server,$(MILVUS)),server)
INSTALLED := $(VENV)/.installed$(if $(filter server,$(MILVUS)),-server)
CHECKS_DATA := $(VENV)/checks-data

.DEFAULT_GOAL := help
.PHONY: help demo services test faults lint baseline schema audit chromium npm bench clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

demo: $(INSTALLED) ## install, start everything, load and index the demo catalogue, serve it (PORT=, MILVUS=server)
	@exec env VITRINE_DEMO=1 $(MANAGE) demo --port "$(PORT)" --milvus "$(MILVUS)"

services: $(INSTALLED) ## run the embedded Postgres, Redis and Milvus alone
	@exec $(MANAGE) services --milvus "$(MILVUS)"

test: ## install what the tests need, check style, types, imports, schema, and run the tests
	@$(MAKE) --no-print-directory -j3 $(VENV)/.installed-test chromium npm
	@.ci/browser $(BIN)/playwright
	@.ci/audit $(BIN)/python --report
	@.ci/test $(BIN)/python $(WORKERS)

faults: $(VENV)/.installed-test ## kill, stop, hang and starve the parts of a whole site at work, twenty minutes long (SEED=, MINUTES=)
	@echo "== make faults SEED=$(SEED) MINUTES=$(MINUTES)"
	$(BIN)/python -m pytest tests/faults -k under_faults -n 0 --fault-seed "$(SEED)" --fault-minutes "$(MINUTES)"

lint: $(VENV)/.installed-test ## style, types, import rules, migrations, OpenAPI schema
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	VITRINE_DATA=$(CHECKS_DATA) $(BIN)/mypy
	$(BIN)/lint-imports
	VITRINE_DATA=$(CHECKS_DATA) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	VITRINE_DATA=$(CHECKS_DATA) $(MANAGE) spectacular --validate --fail-on-warn --file /dev/null

baseline: $(VENV)/.installed-test ## write the quality gate's baseline anew, after a change that is meant
	$(BIN)/python -m pytest tests/test_evaluation_gate.py --renew-quality-baseline

schema: $(VENV)/.installed-test ## send each API operation many made-up requests (SCHEMA_EXAMPLES=)
	$(BIN)/python -m pytest tests/test_schema.py -n 0 --schema-examples=$(SCHEMA_EXAMPLES)

audit: $(VENV)/.installed-test ## ask the advisory database about every pinned version
	@.ci/audit $(BIN)/python

chromium:
	@.ci/browser

npm:
	@.ci/npm

bench: $(INSTALLED) ## measure search on a running demo
	$(BIN)/python -m benchmarks

clean: ## remove the virtual environment and caches; the data (.data) stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Also a Python 2 must understand this line.
CHECK_PYTHON = $(PYTHON) -c 'import sys; v = "%d.%d" % sys.version_info[:2]; sys.exit(0 if sys.version_info >= (3, 11) else "Vitrine needs Python 3.11 or newer; " + sys.executable + " is " + v + ". Name another one, such as: make PYTHON=/usr/bin/python3.12 " + sys.argv[1])'

$(VENV)/.installed $(VENV)/.installed-server: pyproject.toml constraints.txt
	@$(CHECK_PYTHON) demo
	@$(PYTHON) config/install.py "$(VENV)" "$(TORCH_INDEX)" $(EXTRAS)
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt
	@$(CHECK_PYTHON) test
	@$(COMPILE) $(PYTHON) config/install.py "$(VENV)" "$(TORCH_INDEX)" embedded test \
		$(if $(filter Linux-x86_64,$(shell uname -sm | tr ' ' -)),server)
	@touch $@ $(VENV)/.installed
