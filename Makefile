# Needs Python 3.11, 3.12 or 3.13 and make; everything else is installed into .venv, hash-checked, on first use.
.DEFAULT_GOAL := help
.PHONY: help run demo doctor test lint bench chaos languages reference lock
MAKEFLAGS += --no-print-directory
PY := .venv/bin/python
PYTHONS := python3.13 python3.12 python3.11 python3 python
OUT ?= darkroom-result.jpg
# Compiling our modules anew in each process takes a second and more.
unexport PYTHONDONTWRITEBYTECODE

# Installs a lock unless exactly this lock was installed before: a copy of it is kept as the stamp.
define install
cmp -s requirements/$(1).txt .venv/$(1).installed || { \
  echo "Installing requirements/$(1).txt into .venv (once; a minute or so) ..." >&2; \
  $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$(1).txt && \
  cp requirements/$(1).txt .venv/$(1).installed; }
endef

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

run: $(PY) ## start the bot; a sandbox with a chat page in the browser when BOT_TOKEN is unset
	@$(call install,runtime)
	@exec $(PY) -m bot

demo: $(PY) ## one photo through the whole flow, offline: make demo PHOTO=in.jpg [OUT=out.jpg]
	@test -n "$(PHOTO)" || { echo "usage: make demo PHOTO=in.jpg [OUT=out.jpg]" >&2; exit 2; }
	@$(call install,runtime)
	@exec $(PY) -m bot demo --photo "$(PHOTO)" --out "$(OUT)"

doctor: $(PY) ## check every configured outside party and say what to fix
	@$(call install,runtime)
	@exec $(PY) -m bot doctor

# The data file lies apart, so that two runs at once do not read each other's figures. Files are handed out in the order
# of the folders: by their number of tests, the few long stories would be left for the end. A selection of tests (ARGS)
# is run without coverage, which would say nothing.
test: $(PY) ## all tests with branch coverage, or some: make test ARGS="-k name -x"
	@$(call install,dev)
	@data=$$(mktemp -d); trap 'rm -rf "$$data"' EXIT; \
	COVERAGE_FILE="$$data/coverage" $(PY) -m pytest $(or $(ARGS),-n auto --dist loadfile --no-loadscope-reorder --cov --cov-branch --cov-report=term)

lint: $(PY) ## ruff, mypy strict, import rules
	@$(call install,dev)
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

bench: $(PY) ## measure this machine, or the parts that ARGS name; they go to benchmarks/run.py
	@$(call install,dev)
	@$(PY) -m benchmarks.run $(ARGS)
	$(if $(ARGS),,@exec $(PY) -m benchmarks.api_polling)

chaos: $(PY) ## kill the bot some hundred times under load and count what was lost; ARGS go to benchmarks/chaos.py
	@$(call install,dev)
	@exec $(PY) -m benchmarks.chaos $(ARGS)

languages: $(PY) ## bring the catalogues in line with the English one: make languages [NEW=de]
	@$(call install,runtime)
	@exec $(PY) -m bot.telegram.catalogue_files $(NEW)

reference: $(PY) ## write docs/settings.md from the settings class
	@$(call install,runtime)
	@exec $(PY) -m bot.settings.reference

# Without --upgrade, pins that still satisfy the .in files stay; UPGRADE=--upgrade renews all.
lock: $(PY) ## recompile requirements/*.txt from *.in
	@set -e; tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; \
	$(PY) -m venv "$$tools"; \
	"$$tools/bin/pip" install --quiet --disable-pip-version-check \
	  "$$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements/dev.txt)"; \
	for name in runtime otel dev; do \
	  "$$tools/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --no-header $(UPGRADE) \
	    $$([ "$$name" = runtime ] || echo --constraints requirements/runtime.txt) \
	    requirements/$$name.in -o requirements/$$name.txt; \
	done

$(PY):
	@for python in $(PYTHONS); do \
	  "$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	    2>/dev/null && exec "$$python" -m venv --clear .venv; \
	done; \
	echo "Darkroom needs Python 3.11, 3.12 or 3.13 with the venv module (Debian: apt install python3-venv)." >&2; \
	exit 1
