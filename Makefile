PYTHON ?= python3
MENSHEN := .venv/bin/menshen

.PHONY: help venv setup demo test clean

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

clean: ## remove .venv and .menshen
	rm -rf .venv .menshen
