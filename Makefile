# Every command a person types. A bare `make` lists them.

# Options to pass on:  make lab ARGS="--no-browser --port 8901"   make test ARGS="-k vocabulary"
ARGS =
RUNS = 20
PY = .venv/bin/python
# JupyterLab refuses to start as root, which in a container one often is; it listens to this machine only.
AS_ROOT = $$([ "$$(id -u)" != 0 ] || echo --allow-root)

# Text is UTF-8 for every command, also where the system's locale says otherwise.
export PYTHONUTF8 = 1

# Images of containers often forbid Python to keep what it has compiled. Then each of the hundreds of Pythons that the
# tests start (kernels, workers, JupyterLab) would compile its packages again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help lab test check elsewhere lint format refresh figures grade bench growth matrix steady lists colab colab-test publish book clean

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

# The folder is the root of the file browser, so that exercises are a click away from the lessons.
lab: ## open the course in JupyterLab (the first time, this makes .venv)
	@sh tools/setup.sh lab
	@exec $(PY) -m jupyterlab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb $(AS_ROOT) $(ARGS)

# One file, one worker: a notebook's cells share a kernel (conftest.py says what else stays together, and in which order).
# Four workers at most, as each holds a PyTorch in memory. With CI=true also what takes long and seldom breaks.
test: ## check everything that must hold: style, package, pictures, lessons, browser
	@sh tools/setup.sh test
	@sh tools/chromium.sh
	@test -z "$$CI" || sh tools/programs.sh
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m pytest --nbval --nbval-current-env --mpl -n auto --maxprocesses 4 --dist loadfile $(ARGS)

check: ## check what you are working on, in a minute: style, package, the notebooks changed since the last commit
	@sh tools/setup.sh test
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m pytest --quick --nbval --nbval-current-env -n auto --maxprocesses 4 --dist loadfile tests $$(sh tools/changed.sh) $(ARGS)

elsewhere: ## run lessons, pictures and arithmetic as on another processor, on which products round otherwise
	@sh tools/setup.sh test
	@sh tools/chromium.sh
	$(PY) noxfile.py disturbed $(ARGS)

lint: ## check the style of package, tests and notebooks
	@sh tools/setup.sh test
	$(PY) -m ruff check
	$(PY) -m ruff format --check

format: ## fix the style of package, tests and notebooks
	@sh tools/setup.sh test
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

refresh: ## run the lessons and solutions again and store their outputs
	@sh tools/setup.sh test
	$(PY) tools/refresh.py notebooks/*.ipynb exercises/solutions/*.ipynb

figures: ## draw every picture of the README and the lessons again
	@sh tools/setup.sh test
	$(PY) -m makemlp.gallery

book: ## write the course as web pages, to read without Python or a network: build/book
	@sh tools/setup.sh test
	$(PY) tools/book.py $(ARGS)

grade: ## check a class's exercises: make grade SUBMISSIONS=folder
	@test -n "$(SUBMISSIONS)" || { echo "Say which folder: make grade SUBMISSIONS=folder" >&2; exit 2; }
	@sh tools/setup.sh lab
	$(PY) -m makemlp.checking grade "$(SUBMISSIONS)" --out build/grades $(ARGS)

steady: ## all lessons RUNS=20 times; their cells in any order, twice and stopped; sliders for five minutes
	@sh tools/setup.sh test
	CI=true STEADY=1 $(PY) -m pytest -n 0 tests/test_steady.py tests/test_memory.py
	$(PY) tools/steady.py $(RUNS)

lists: ## all lessons on other lists of names: each that ships, and the kinds in tests/lists
	@sh tools/setup.sh test
	CI=true LISTS=1 $(PY) -m pytest -n 0 tests/test_lessons_on_lists.py $(ARGS)

colab: ## write each lesson and exercise as one file to upload to Colab, in build/colab
	@sh tools/setup.sh lab
	$(PY) tools/colab.py

colab-test: ## run every lesson and solution on Colab's own packages (downloads gigabytes the first time)
	@sh tools/setup.sh test
	$(PY) -m pytest tests/colab/in_colab_set.py $(ARGS)

publish: ## set the public repository's name everywhere: make publish REPO=owner/name
	@sh tools/setup.sh lab
	@$(PY) tools/publish.py "$(REPO)"

bench: ## time the course beside its peers (QUICK=1: under a minute; ARGS=words: only the networks for words)
	@sh tools/setup.sh test
	$(PY) tools/bench.py $(ARGS)

matrix: ## run lessons and tests on many versions (one row: ARGS="-s py313"; QUICK=1: lessons only)
	@sh tools/setup.sh test
	@$(PY) -m nox $(ARGS); status=$$?; cat build/matrix.md; exit $$status

growth: ## measure what a study costs as it grows, in each storage
	@sh tools/setup.sh test
	@sh tools/programs.sh postgresql
	$(PY) tools/growth.py

clean: ## remove what make has made (.venv too); notebooks and exercises stay
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . \( -name __pycache__ -o -name .ruff_cache \) -type d -prune -exec rm -rf {} +
