# heatwarden: `make demo` and `make test` set up everything they need in .venv.
PYTHON ?= python3
BIN := .venv/bin
DATA ?= ../shared/data
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.PHONY: demo dev check format lint types contracts test soak benchmarks validate clean

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
	$(BIN)/python -m benchmarks.soak_drivers
	$(BIN)/python -m tests.supervisor.crashes --times 200
	$(BIN)/python -m tests.supervisor.machine --steps 1000000
	$(BIN)/heatwarden bench run --all --out bench-report
	$(BIN)/python -m hil_tests.catch_broken_engines
	$(BIN)/python -m hil_tests.outside_master --out bench-report/outside-master
	$(BIN)/python -m tests.supervisor.together --times 100

benchmarks: .venv/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[benchmarks]'
	$(BIN)/python -m benchmarks.speed

validate: .venv/.dev
	$(BIN)/python -m benchmarks.validate --data $(DATA)

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
