# Verbs for people and CI. Each sets up what it needs, once; `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
READY := .venv/.ready
JUPYTER := .venv/.jupyter

.PHONY: help
help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) ## Set up .venv as the other verbs do, and make Java's class archive
	@$(BIN)/python -m klaviyo_spark.lake.spark.class_dump || true # Spark starts without it too
	@echo "setup: ready: $(BIN)/klaviyo-spark"

$(READY): requirements.lock setup.py scripts/setup.sh
	@scripts/setup.sh
	@touch $@

.PHONY: check
check: $(READY) ## Format, lint, types and imports, without running anything
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: fast
fast: $(READY) ## The tests that need no Spark, in seconds
	$(BIN)/python -m pytest -q -n auto --hypothesis-profile fast tests/unit

.PHONY: test
test: $(READY) ## All tests but those that take minutes each
	$(BIN)/python -m pytest -q -n 2 tests/unit
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/spark

.PHONY: test-accounts
test-accounts: $(READY) ## Whole accounts over several runs: kills, rebuilds, two in one lake
	$(BIN)/python -m pytest tests/system

.PHONY: test-faults
test-faults: $(READY) ## Faults in other people's hands: a lake and several runs each, by hand
	$(BIN)/python -m pytest tests/faults

.PHONY: test-report
test-report: $(READY) ## The report in a headless Chromium, which it installs where it may
	@scripts/chromium.sh
	$(BIN)/python -m pytest tests/browser

CONNECTED := broken_records changes deferred_lookups masking project
CONNECTED := $(CONNECTED:%=tests/spark/silver/test_%.py)
PIPELINE := $(CONNECTED) $(patsubst %,tests/spark/silver/test_%.py,cast late_arrivals refine)
PIPELINE += $(patsubst %,tests/spark/commands/test_%.py,backfill end_to_end)
PIPELINE += tests/system/test_rebuild.py tests/system/test_forget.py
# Of these, what CI has time for; all of them: make test-connect CONNECT='$(PIPELINE)'
CONNECT := $(CONNECTED)

.PHONY: test-connect
test-connect: $(READY) ## Tests of the pipeline once more, on Spark Connect
	$(BIN)/python -m pytest --connect $(CONNECT)

.PHONY: test-spark40
test-spark40: $(READY) ## All tests of the pipeline on Spark 4.0, in an environment of its own
	scripts/spark40.sh $(PIPELINE)

.PHONY: test-cluster
test-cluster: $(READY) ## The wheel by spark-submit on a cluster of two workers on loopback
	$(BIN)/python -m pytest tests/cluster

.PHONY: test-s3
test-s3: $(READY) ## Lakes on a real S3 server on loopback, which it builds; needs Go
	@scripts/s3_server.sh .venv/s3
	$(BIN)/python -m pytest tests/s3

.PHONY: soak
soak: $(READY) ## Kills, faults, full disks, late events, ten days: over an hour
	$(BIN)/python -m pytest -v tests/soak

.PHONY: bench
bench: $(READY) ## Measure fetching, refining and upkeep against floors, in an hour
	$(BIN)/python -m tests.bench.fetch
	$(BIN)/python -m tests.bench.rates
	$(BIN)/python -m tests.bench.silver
	$(BIN)/python -m tests.bench.upkeep
	$(BIN)/python -m tests.bench.syncs
	$(BIN)/python -m tests.bench.cold

.PHONY: demo
demo: $(READY) ## A sample account becomes 25 Delta tables and a report
	$(BIN)/klaviyo-spark demo

# Jupyter does not start for root unless told to.
.PHONY: notebook
notebook: $(JUPYTER) backfill.ipynb ## The backfill notebook in JupyterLab, which it installs
	$(BIN)/jupyter lab $$([ "$$(id -u)" != 0 ] || echo --allow-root) backfill.ipynb

$(JUPYTER): $(READY) requirements-notebook.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-notebook.lock
	@touch $@

# As a file of yours: made anew only where the notebook itself has changed, and you have not changed
# or run it. `clean` leaves it.
backfill.ipynb: jobs/notebooks/backfill.py scripts/notebook.py | $(READY)
	$(BIN)/python scripts/notebook.py $< $@

.PHONY: docs
docs: $(READY) ## Write what is made from code: the reference, the wheel's conf
	$(BIN)/python -m scripts.reference
	$(BIN)/python -m klaviyo_spark.config.template

.PHONY: demo-papers
demo-papers: $(READY) ## Run the demo; its output and its report's picture go into the papers
	@scripts/chromium.sh
	$(BIN)/python -m scripts.demo_papers

.PHONY: site
site: $(READY) ## Build the documentation as a site; a dead link fails
	scripts/site.sh

.PHONY: build
build: $(READY) ## Build the wheel and the source archive into dist/, and check their metadata
	scripts/build.sh

.PHONY: test-wheel
test-wheel: build ## Try the wheel and the source archive in empty environments, on each Python there is
	scripts/test_wheel.sh

.PHONY: release
release: $(READY) ## Build, try and tag the version that CHANGELOG.md dates; it uploads nothing
	scripts/release.sh

.PHONY: clean
clean: ## Remove what the other verbs made, .venv too
	rm -rf .venv .venv-spark40 .venv-site .venv-release build dist *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
