.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Images often set it. Then every program that a test starts compiles the project again, and every worker all tests.
unexport PYTHONDONTWRITEBYTECODE
# Three processes suit two cores, because many tests wait; PYTEST_ARGS passes anything else on (for example: make test PYTEST_ARGS="-k teardown").
PYTEST := $(BIN)/python -m pytest -n 3 --dist worksteal $(PYTEST_ARGS)

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(VENV)/.installed ## show a pull request from its first commit to its close (ENGINE=flux; KEEP=1 leaves all running)
	@$(BIN)/python -m hack.demo $(if $(ENGINE),--engine $(ENGINE)) $(if $(KEEP),--keep)

test: $(VENV)/.installed ## run the quick tests: unit, transcripts, kubectl, core integration
	$(PYTEST) -m "not slow"

test-slow: $(VENV)/.installed ## run only what `make test` leaves out
	$(PYTEST) -m slow

explore: $(VENV)/.installed ## try every short history of environments (WORLD=limit ENGINE=flux CHANGES=3 FAULTS=1)
	$(BIN)/python -m tests.explore $(if $(ENGINE),--engine $(ENGINE)) $(if $(CHANGES),--changes $(CHANGES)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(WORLD),--world $(WORLD))

fuzz: $(VENV)/.installed ## damage what strangers send, in new ways each time (MINUTES=5 or EXAMPLES=1000)
	$(BIN)/python -m tests.fuzz $(if $(MINUTES),--minutes $(MINUTES)) $(if $(EXAMPLES),--examples $(EXAMPLES))

mutants: $(VENV)/.installed ## see that each of many small faults in the product is noticed, and by what
	@mkdir -p build
	@$(PYTEST) -m slow -rP --no-header tests/mutants > build/mutants.txt; status=$$?; \
		grep -E "^(noticed|FAILED|ERROR|=.* in )" build/mutants.txt; exit $$status

faults: $(VENV)/.installed ## kill the controller at every write of eight journeys, or show it an outdated state
	@mkdir -p build
	@TRONADOR_TEST_EVERY_POINT=1 $(PYTEST) -m slow -rP --no-header tests/faults/test_crash_points.py tests/faults/test_stale_points.py > build/faults.txt; \
		status=$$?; grep -E "^(right|seen|FAILED|ERROR|=.* in )" build/faults.txt; \
		awk '/^right/ {journeys++; writes += $$4; points += $$6; missed += $$9; starts += $$11} \
			/^seen/ {views += $$8} \
			END {print journeys " journeys, " writes " writes, " points " points, " missed " missed, " starts " starts, " views " outdated views"}' \
			build/faults.txt; exit $$status

mutations: $(VENV)/.installed ## change two random fields of either kind at a time, and restore them (PAIRS=200 SEED=1)
	@$(BIN)/python -m tests.mutations $(if $(PAIRS),--pairs $(PAIRS)) $(if $(SEED),--seed $(SEED))

soak: $(VENV)/.installed ## live through random days and faults, on $KUBECONFIG or a local cluster (MINUTES=60 SEED=1 ENVIRONMENTS=20 ENGINE=flux)
	@$(BIN)/python -m hack.soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) \
		$(if $(ENVIRONMENTS),--environments $(ENVIRONMENTS)) $(if $(ENGINE),--engine $(ENGINE)) $(SOAK_ARGS)

test-all: test test-slow ## run every test

bench: $(VENV)/.installed ## measure what environments cost, beside peers, on $KUBECONFIG or a local cluster (BENCH_ARGS)
	$(BIN)/python -m hack.bench lifecycle --subjects tronador,kopf,floor $(BENCH_ARGS)

lint: $(VENV)/.installed ## ruff, mypy --strict, import contracts, words to avoid
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m hack.words

format: $(VENV)/.installed ## format the code with ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

chart: $(VENV)/.installed ## copy manifests, options and version into the Helm chart, manifests/chart
	$(BIN)/python -m hack.chart

reference: $(VENV)/.installed ## write docs/reference.md and the README's options from the code
	$(BIN)/python -m hack.reference

image: ## build the container image (IMAGE=name:tag, TARGET=tronador|controller, BUILD_ARGS=...)
	@hack/image/build.sh $(BUILD_ARGS)

requirements: $(VENV)/.installed ## pin what the image installs, with hashes, to the versions of constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[release]'
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --no-header --no-emit-options --no-emit-index-url \
		--no-emit-trusted-host --no-emit-find-links --constraint constraints.txt --output-file hack/image/requirements.txt \
		setup.cfg

sbom: $(VENV)/.installed ## list what the image installs as a CycloneDX document, build/sbom.json
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[release]'
	@mkdir -p build
	$(BIN)/cyclonedx-py requirements hack/image/requirements.txt --output-file build/sbom.json
	@echo "Wrote build/sbom.json"

clean: ## remove what the other targets made
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help demo test test-slow explore fuzz mutants faults mutations soak test-all bench lint format chart reference image requirements sbom clean
