# Everything a clone needs, on a machine with Python 3.11 or newer and nothing else.
#   make demo    set up and run the main job          make test    set up and pass every test
#   make serve   set up and keep the service running
# Each sets up .venv/ from its lock in requirements/; a stamp file there makes the next run quick.

.DEFAULT_GOAL := help
.PHONY: help setup demo serve web test check bench evidence docs lock clean

BIN := .venv/bin
SCREEN := src/gemel/server/screen/index.html
NPM := $(shell command -v npm 2>/dev/null || echo '$(BIN)/python -m tools.npm')
PORT ?= 8000
MLLP_PORT ?= 2575
PIP := $(BIN)/python -m pip --disable-pip-version-check
JOBS ?= $(shell $(BIN)/python -c 'import os; print(min(4, os.cpu_count() or 1))')
NEWER := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	if command -v $$p >/dev/null 2>&1 && $$p -c '$(NEWER)' 2>/dev/null; then command -v $$p; break; fi; done)

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

demo: .venv/.demo ## set up and run the main job
	$(BIN)/gemel demo

serve: .venv/.demo $(SCREEN) ## run the service on this machine until Ctrl-C; prints the page to open
	$(BIN)/gemel serve --data serve-data --port $(PORT) --mllp-port $(MLLP_PORT) $(ARGS)

test: .venv/.test ## set up, then every check and test; prints what it took
	@start=$$(date +%s); status=0; \
	$(BIN)/python -m pytest -m 'not alone' -n $(JOBS) --dist worksteal $(ARGS) || status=$$?; \
	$(BIN)/python -m pytest -m alone $(ARGS) || { code=$$?; test $$code = 5 || status=$$code; }; \
	echo "suite: $$(( $$(date +%s) - start )) s, $(JOBS) at a time"; exit $$status

web: $(SCREEN) ## build the screen, which the service shows at /

$(SCREEN): $(shell find web src/gemel/server -path web/node_modules -prune -o -path src/gemel/server/screen -prune \
		-o -name '*.pyc' -prune -o -name schema.ts -prune -o -type f -print 2>/dev/null) | .venv/.demo
	$(NPM) --prefix web ci --no-audit --no-fund --loglevel=error
	$(BIN)/python -m tools.web_schema > web/openapi.json
	$(NPM) --prefix web run build --silent

setup: .venv/.test ## set up .venv/ for work on gemel

check: .venv/.test ## the checks that read the tree and run no model (seconds)
	$(BIN)/python -m tools.check

bench: .venv/.test ## measure the core
	$(BIN)/gemel bench core

evidence: .venv/.test ## recompute every figure that a model card claims
	$(BIN)/python -m tools.evidence

docs: .venv/.test ## write docs/reference from the docstrings
	$(BIN)/python -m tools.docs

lock: | $(BIN)/python ## resolve requirements/*.txt anew (Python 3.11)
	$(PIP) install -q packaging
	$(BIN)/python -m tools.lock

clean: ## remove what the other targets made
	rm -rf .venv build dist web/node_modules src/gemel/server/screen docs/reference .pytest_cache .ruff_cache .hypothesis
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "gemel needs Python 3.11 or newer: none found as python3 or python3.11 to python3.14." \
		"Install one, or name it:  make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	@"$(PYTHON)" -c '$(NEWER)' || { echo "gemel needs Python 3.11 or newer, $(PYTHON) is older" >&2; exit 1; }
	"$(PYTHON)" -m venv .venv || { rm -rf .venv; echo "$(PYTHON) cannot make a virtual environment:" \
		"on Debian and Ubuntu install its package python3-venv" >&2; exit 1; }

# the test lock contains the demo lock, so setting up for the tests serves the demo too
.venv/.demo: requirements/demo.txt pyproject.toml | $(BIN)/python
	@echo "setting up .venv from requirements/demo.txt (some minutes the first time)"
	$(PIP) install -q --require-hashes -r requirements/demo.txt
	$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

.venv/.test: requirements/test.txt pyproject.toml | $(BIN)/python
	@echo "setting up .venv from requirements/test.txt (some minutes the first time)"
	$(PIP) install -q --require-hashes -r requirements/test.txt
	$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch .venv/.demo $@
