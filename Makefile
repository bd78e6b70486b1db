PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help .venv demo chromium test attack lint types wheel bench clean

help:  ## list the targets
	@grep -hE '^[.a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([.a-z]+):.*## */\1\t/' | column -t -s "$$(printf '\t')"

.venv: .venv/installed  ## make the environment alone (.venv, pinned by constraints.txt)

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@# a torchvision of another build than torch can be imported only behind hooks/torchvision_import.py
	$(BIN)/python -c 'import torchvision' 2>/dev/null || echo "import sys; exec(open('$(CURDIR)/hooks/torchvision_import.py').read(), {'__name__': ''})" > $$(echo .venv/lib/python*/site-packages)/torchvision_import.pth
	touch $@

demo: .venv  ## perturb, trace, store and analyse pocket-vlm on streets; offline
	$(BIN)/probe demo

chromium: .venv  ## the browser that the tests of pages need, where there is none
	bash .ci/chromium

test: .venv chromium  ## all tests but those that need a GPU
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not gpu and not large" -n auto --maxprocesses 4 --dist worksteal

attack: .venv  ## attack writers, files and inputs in full, and measure large runs (two hours on two cores)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.attack -o benchmarks/results/attack.md
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m large

lint: .venv  ## style, format and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: .venv  ## pyright, strict on analyses and stores
	$(BIN)/pyright

wheel: .venv  ## build the wheel, look inside it, try it in a clean environment
	bash .ci/wheel

bench: .venv  ## run every benchmark (hours)
	folder=$$(mktemp -d); for file in benchmarks/bench_*.py; do echo "== $$file"; \
	case $$file in */bench_memory.py|*/bench_measures.py) $(BIN)/python $$file $$folder;; *) $(BIN)/python $$file;; esac || exit 1; done

clean:  ## remove what the build and the tests left
	rm -rf dist build .pytest_cache .hypothesis .ruff_cache .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
