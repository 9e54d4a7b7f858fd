# `make run` and `make test` do all set-up themselves; a second call reuses the environment.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test bench lint clean

run: .venv/ready
	$(BIN)/search run spaces/small_cnn.yaml --name small_cnn_$$(date +%Y%m%d_%H%M%S)

test: lint
	$(BIN)/pytest -n 2 --dist loadfile

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pydoclint --quiet search objectives

bench: .venv/ready
	$(BIN)/python -m tests.benchmarks

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache
