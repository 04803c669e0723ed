# heatwarden: `make demo` and `make test` set up everything they need in .venv.
PYTHON ?= python3
BIN := .venv/bin
DATA ?= ../shared/data
BUDGET_H ?= 12
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.PHONY: demo dev check format lint types contracts test soak benchmarks sbom audit validate clean

.venv/.user: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/.dev: .venv/.user
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: .venv/.user
	$(BIN)/heatwarden demo

dev: .venv/.dev

check: format lint types contracts

format: .venv/.dev
	$(BIN)/ruff format --check .

lint: .venv/.dev
	$(BIN)/ruff check .

types: .venv/.dev
	$(BIN)/mypy

contracts: .venv/.dev
	$(BIN)/lint-imports

test: .venv/.dev
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

soak: .venv/.dev
	$(BIN)/python -m benchmarks.soak --budget-h $(BUDGET_H)

benchmarks: .venv/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[benchmarks]'
	$(BIN)/python -m benchmarks.speed

# What a user installs, in an environment of its own, described and audited from a second one.
out/as-installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv out/as-installed
	out/as-installed/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt .
	$(PYTHON) -m venv out/auditing
	out/auditing/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt cyclonedx-bom pip-audit
	touch $@

sbom: out/as-installed
	out/auditing/bin/cyclonedx-py environment --output-format JSON --output-reproducible --pyproject pyproject.toml -o out/sbom.json out/as-installed/bin/python

audit: out/as-installed
	out/auditing/bin/pip-audit --path "$$(out/as-installed/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

validate: .venv/.dev
	$(BIN)/python -m benchmarks.validate --data $(DATA)

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
