PYTHON ?= python3
MENSHEN := .venv/bin/menshen

.PHONY: help venv setup demo test soak locks clean

help: ## what can be made
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

venv: ## just the Python environment
	@$(PYTHON) -m tools.setup venv

setup: ## all that demo and test need
	@$(PYTHON) -m tools.setup all

demo: ## the whole of Menshen on this machine
	@$(PYTHON) -m tools.setup demo
	@$(MENSHEN) demo

test: setup ## every check, as CI runs it
	@$(MENSHEN) dev gate

soak: setup ## seven days of a door's life in minutes, a year's wear of its flash, and the longest counts whole
	@$(MENSHEN) soak
	@.venv/bin/pytest --whole --timeout 1800

LOCK := .venv/bin/uv --no-config pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --no-header --quiet

locks: ## resolve requirements/*.txt anew from pyproject.toml (needs uv in .venv; UPGRADE=--upgrade for newer releases)
	$(LOCK) $(UPGRADE) pyproject.toml -o requirements/runtime.txt
	$(LOCK) $(UPGRADE) pyproject.toml --extra dev -c requirements/runtime.txt -o requirements/dev.txt
	$(LOCK) $(UPGRADE) --group build -c requirements/dev.txt -o requirements/build.txt
	$(LOCK) $(UPGRADE) --group stubs-esp32 -o requirements/stubs/esp32.txt
	$(LOCK) $(UPGRADE) --group stubs-rp2 -o requirements/stubs/rp2.txt

clean: ## remove .venv and .menshen
	rm -rf .venv .menshen
