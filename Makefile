# Latent Atelier. `make run` and `make test` set up .venv by themselves; nothing is installed outside this folder.

VENV := .venv
PY   := $(VENV)/bin/python
PIP  := $(PY) -m pip --disable-pip-version-check --no-input

# The first interpreter that really starts (a version manager's shim may not), is 3.10 to 3.12 and can make environments.
# Choose another with `make PYTHON=/path/to/python3.11 run`.
FITS := import sys, venv; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(shell for p in python3.12 python3.11 python3.10 python3 python; do \
	if $$p -c '$(FITS)' >/dev/null 2>&1; then echo $$p; break; fi; done)

# Idle threads sleep after a short spin: two processes on two cores would starve each other otherwise.
export OMP_WAIT_POLICY ?= PASSIVE
export GOMP_SPINCOUNT ?= 1000
export GRADIO_ANALYTICS_ENABLED ?= False

# One process a core; a file's tests stay together, since they share what is dear to set up, and browsers come first.
PARALLEL ?= -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

MODEL ?= mine

.PHONY: help run test quick lint oldest oldest-tests train bench clean distclean
.DELETE_ON_ERROR:

help:
	@echo 'make run                       set up and serve on http://127.0.0.1:7860    (ARGS="--port 8000")'
	@echo 'make test                      set up and check: ruff, mypy, pytest          (ARGS="tests/studio -x")'
	@echo 'make quick                     ruff, mypy and the tests near what you edited, in two minutes'
	@echo 'make oldest                    what can be tried on the oldest Python promised'
	@echo 'make train DATA=... MODEL=...  train a model of your own                     (ARGS="--resolution 64")'
	@echo 'make bench                     measure the generator and the live view'
	@echo 'make clean                     remove caches; make distclean removes .venv too'

run: $(VENV)/.ready-to-run
	$(PY) app.py $(ARGS)

test: lint
	$(PY) -m pytest $(PARALLEL) $(ARGS)

quick: lint
	$(PY) -m tests.quick

lint: $(VENV)/.ready-to-test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m tests.node

# The oldest Python promised, where it is installed: all sources compile on it, and the rooms that need nothing but arrays
# pass their tests. pyenv's shims start only what is chosen, so its folder is asked as well.
OLDEST := 3.10
OLDEST_PYTHON := $(shell for p in python$(OLDEST) $(wildcard $(HOME)/.pyenv/versions/$(OLDEST).*/bin/python); do \
	if $$p -c 'import venv, ensurepip' >/dev/null 2>&1; then echo $$p; break; fi; done)
PLAIN := $(wildcard tests/postprocess tests/pictures)

oldest:
	@if [ -z "$(OLDEST_PYTHON)" ]; then echo 'Python $(OLDEST) is not installed here: nothing was tried on it.'; \
	else $(MAKE) --no-print-directory oldest-tests; fi

oldest-tests: $(VENV)-oldest/.ready
	$(VENV)-oldest/bin/python tests/oldest.py
	$(VENV)-oldest/bin/python -m pytest -q $(PLAIN)

$(VENV)-oldest/.ready: requirements.txt requirements-dev.txt
	$(OLDEST_PYTHON) -m venv $(VENV)-oldest
	sed -nE 's/^((numpy|pillow|scikit-image|scipy|pytest)[<>=].*)/\1/p' $^ >$(VENV)-oldest/requirements.txt
	$(VENV)-oldest/bin/python -m pip --disable-pip-version-check --no-input install -q -r $(VENV)-oldest/requirements.txt
	@touch $@

train: $(VENV)/.ready-to-test
ifdef DATA
	$(PY) -m training.train --data "$(DATA)" --name "$(MODEL)" $(ARGS)
else
	@echo 'make train DATA=folder-or-zip MODEL=name ARGS="..." runs this command; stop it and run it again to go on:'
	@$(PY) -m training.train --help
endif

bench: $(VENV)/.ready-to-test
	$(PY) -m bench.engine
	$(PY) -m bench.live
	$(PY) -m bench.heavy
	$(PY) -m bench.artist

clean:
	rm -rf .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV) $(VENV)-oldest

# Each stamp is written last, so that an installation cut short is taken up again.
$(VENV)/.ready-to-test: requirements-dev.txt $(VENV)/.ready-to-run
	$(PIP) install -r requirements-dev.txt
	@touch $@

$(VENV)/.ready-to-run: requirements.txt | $(VENV)/bin/pip
	$(PIP) install -r requirements.txt
	@touch $@

# Some systems split `ensurepip` off Python: there, the pip outside (22.3 or newer) fills the environment.
$(VENV)/bin/pip:
	@test -n "$(PYTHON)" || { echo 'No Python 3.10, 3.11 or 3.12 found: install one, or name it with PYTHON=...' >&2; exit 2; }
	$(PYTHON) -m venv $(VENV) || { $(PYTHON) -m venv --without-pip $(VENV) && \
		$(PYTHON) -m pip --python $(PY) install --ignore-installed pip; }
