.DEFAULT_GOAL := help
.PHONY: help setup rehearse test check docs lock

STACK ?= dev
BIN := .venv/bin

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' Makefile

setup: .venv/installed ## Make .venv, from the locked requirements

# uv installs in seconds what takes pip a minute; pip installs uv itself, by the same lock and its hashes.
.venv/installed: requirements-dev.txt
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@test -x $(BIN)/python || python3 -m venv .venv
	@sed -n '/^uv==/,/# via/p' requirements-dev.txt > .venv/uv.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/uv.txt
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements-dev.txt
	@touch $@

rehearse: .venv/installed ## Create the tables of STACK (default: dev) in an embedded AWS and read them back
	@$(BIN)/python -m ops rehearse --stack $(STACK) $(ARGS)

test: .venv/installed ## Run the tests
	@$(BIN)/pytest --quiet $(ARGS)

check: .venv/installed ## Everything that CI checks
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check
	@$(BIN)/ty check --quiet
	@$(BIN)/pytest --quiet

docs: .venv/installed ## Write what is generated in docs/
	@$(BIN)/python docs/generate.py

lock: .venv/installed ## Bring the locked requirements up to pyproject.toml (ARGS=--upgrade renews all)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header $(ARGS) pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header $(ARGS) --group dev pyproject.toml -o requirements-dev.txt
