PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# With ONCE=1 the demo ends by itself, with the exit code of its run.
ONCE ?=
# With COVERAGE=1 the tests also measure branches, and fail below what pyproject.toml asks for.
COVERAGE ?=
# Test files that run at the same time. A file's tests stay together and in order; the files begin in order, so that
# tests/airflow, which waits most, comes first.
WORKERS ?= 2
PYTEST := $(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

# What is on this machine is not asked for through a proxy.
BROWSER := NO_PROXY=127.0.0.1,localhost $(VENV)-browser/bin/python
IMAGES ?= docs/images

# A machine that forbids bytecode would have the package, installed from this folder, compiled by each process of a test
# and of a bench. Where it is installed as its users do, pip has compiled it.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test quick test-browser test-distributed test-matrix check screenshots bench bench-browser bench-large docs lock clean

demo: $(VENV)/installed
	$(BIN)/kinesis-ingest demo $(if $(ONCE),--once)

test: $(VENV)/installed
	$(PYTEST) $(if $(COVERAGE),--cov)

# What needs no Airflow and no server: a few minutes.
quick: $(VENV)/installed
	$(PYTEST) --quick

# The page in a real browser; installs Chromium where there is none.
test-browser: $(VENV)/installed
	tests/browser/install.sh
	$(BROWSER) -m pytest --browser tests/browser

# Celery, Redis and PostgreSQL with two workers; installs what is missing of them.
test-distributed: $(VENV)/installed
	tests/distributed/install.sh
	$(VENV)-distributed/bin/python -m pytest --distributed tests/distributed

# Each view, light and dark, as the README and docs/ show some of them.
screenshots: $(VENV)/installed
	tests/browser/install.sh
	$(BROWSER) -m tests.browser.screenshots $(IMAGES)

# tests/airflow and tests/page on the other Airflows that are supported, each in a virtualenv of its own.
test-matrix:
	PYTHON=$(PYTHON) tests/matrix.sh

check: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy airflow_kinesis_ingest tests
	$(BIN)/lint-imports

bench: $(VENV)/installed $(VENV)-bench/installed
	$(BIN)/python -m tests.benchmarks

bench-browser: $(VENV)/installed
	tests/browser/install.sh
	$(BROWSER) -m pytest --browser tests/browser/test_first_paint.py

bench-large: $(VENV)/installed $(VENV)-bench/installed
	$(BIN)/python -m tests.benchmarks --large

# Libraries that redaction is compared to; apart, as scrubadub needs scikit-learn.
$(VENV)-bench/installed: tests/benchmarks/libraries.txt
	$(PYTHON) -m venv $(VENV)-bench
	$(VENV)-bench/bin/pip install --disable-pip-version-check --quiet --requirement $<
	touch $@

# Every version is pinned in requirements.lock; the package itself is installed from this folder.
$(VENV)/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check --quiet --requirement requirements.lock
	$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	touch $@

# The table of fields in docs/workflow-file.md.
docs: $(VENV)/installed
	$(BIN)/python -m tests.field_table

lock: $(VENV)/installed
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --upgrade --no-emit-index-url --no-header \
		--no-annotate --extra test pyproject.toml --output-file requirements.lock

clean:
	rm -rf $(VENV) $(VENV)-browser $(VENV)-distributed $(VENV)-bench .demo .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
