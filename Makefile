# `make run` and `make test` do all set-up themselves; a second call reuses the environment.
PYTHON ?= python3
BIN := .venv/bin
# Where it is set, each process would compile torch and all else again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test bench bench-quick bench-quality bench-quality-quick tables docs lint clean

run: .venv/ready
	$(BIN)/search run spaces/small_cnn.yaml --name small_cnn_$$(date +%Y%m%d_%H%M%S)

test: lint
	$(BIN)/pytest -n 3 --dist loadfile

lint: .venv/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pydoclint --quiet search objectives

bench: .venv/ready-dev
	$(BIN)/python -m tests.benchmarks

bench-quick: .venv/ready-dev
	$(BIN)/python -m tests.benchmarks --no-write quick

# Training for the judge of searches: hours, and it goes on where it was interrupted.
tables: .venv/ready-dev
	$(BIN)/python -m tests.benchmarks.quality.tables

# How well methods search those tables: hours too, and it goes on likewise.
bench-quality: .venv/ready-dev
	$(BIN)/python -m tests.benchmarks.quality

bench-quality-quick: .venv/ready-dev
	$(BIN)/python -m tests.benchmarks.quality --quick

# Tables of the documents, from the code.
docs: .venv/ready-dev
	$(BIN)/python -m tests.docs

# uv takes a fifth of pip's time. It does not know pip's settings: those of the environment are
# handed on; where it fails, as behind a mirror that only pip's files name, pip does the work.
define install
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '$(1)' \
	    $${PIP_INDEX_URL:+--default-index "$$PIP_INDEX_URL"} \
	    $${PIP_EXTRA_INDEX_URL:+--index "$$PIP_EXTRA_INDEX_URL" --index-strategy unsafe-best-match} \
	    $${PIP_FIND_LINKS:+--find-links "$$PIP_FIND_LINKS"} \
	    || $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '$(1)'
	touch $@
endef

# What a user needs.
.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv .venv
	-$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt uv
	$(call install,.)

# What the checks need as well.
.venv/ready-dev: .venv/ready
	$(call install,.[dev])

clean:
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache
