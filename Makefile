.DEFAULT_GOAL := help
.PHONY: again help setup rehearse evolve cost preview up deploy analyze verify adopt test check actionlint format bench docs lock pins

STACK ?= dev
REQUIREMENTS ?= requirements-dev.txt
BIN := .venv/bin
INSTALLED := $(or $(shell cat .venv/installed 2>/dev/null),requirements-dev.txt)
PACK_CONFIG := $(wildcard policies/config/$(STACK).json)
PACK = --policy-pack policies $(PACK_CONFIG:%=--policy-pack-config %)

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' Makefile

setup: .venv/installed ## Make .venv, from the locked requirements

# uv takes seconds where pip takes a minute. pip installs uv itself, with the hashes of the same lock.
# make setup REQUIREMENTS=requirements.txt leaves out what only development needs. The stamp says which it was.
.venv/installed: $(REQUIREMENTS) $(if $(filter-out $(REQUIREMENTS),$(INSTALLED)),again)
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@test -x $(BIN)/pip || python3 -m venv .venv
	@sed -n '/^uv==/,/# via/p' requirements-dev.txt > .venv/uv.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --requirement .venv/uv.txt
	@$(BIN)/uv pip sync --quiet --require-hashes --no-build --python $(BIN)/python $(REQUIREMENTS)
	@echo $(REQUIREMENTS) > $@

again: ;

rehearse: .venv/installed ## Create the tables of STACK (default: dev) in an embedded AWS and read them back
	@$(BIN)/python -m ops rehearse --drill --stack $(STACK) $(ARGS)

evolve: .venv/installed ## Judge and rehearse the change of STACK since BASE, a git ref (default: where this branch left main)
	@$(BIN)/python -m ops evolve --stack $(STACK) $(ARGS) \
		--base "$(or $(BASE),$$(git merge-base HEAD origin/main 2>/dev/null || echo main))"

cost: .venv/installed ## Say what a month of STACK costs and where it throttles, by usage.yaml or ARGS='--usage FILE'
	@$(BIN)/python -m ops cost --stack $(STACK) $(ARGS)

preview: .venv/installed .stack ## Show what a deployment of STACK would change, under its policies
	@rm -f .plan-$(STACK).json
	@state=$$(pulumi stack export --stack $(STACK)) && \
		printf '%s' "$$state" | $(BIN)/python -m ops evolve --stack $(STACK) --state - $(EVOLVE)
	@pulumi preview --stack $(STACK) $(PACK) --save-plan .plan-$(STACK).json $(filter-out --yes -y,$(ARGS))
	@echo "To deploy exactly this plan: make deploy STACK=$(STACK)"

up: preview ## Deploy STACK: preview it, ask, then deploy exactly what the preview showed
	@$(MAKE) --no-print-directory deploy

deploy: .venv/installed .cli ## Deploy exactly what the last preview of STACK showed
	@test -f .plan-$(STACK).json || { echo "no plan for $(STACK): make preview STACK=$(STACK) makes one" >&2; exit 2; }
	@case " $(ARGS) " in *" --yes "* | *" -y "*) ;; \
		*) printf 'Deploy this plan to $(STACK)? [yes/no] '; read -r answer; test "$$answer" = yes ;; esac
	@pulumi up --stack $(STACK) $(PACK) --plan .plan-$(STACK).json --skip-preview --yes $(filter-out --yes -y,$(ARGS))

analyze: .venv/installed .cli ## Check Pulumi's state of STACK with its policies
	@pulumi policy analyze --stack $(STACK) $(PACK) $(ARGS)

.cli:
	@command -v pulumi >/dev/null || { echo "The Pulumi CLI is not on PATH: https://www.pulumi.com/docs/install/" \
		"(make rehearse needs none)" >&2; exit 2; }

# A stack that protects its tables must name their account. 000000000000 is a placeholder.
.stack: .cli
	@test -n "$(PACK_CONFIG)" || \
		echo "policies/config/$(STACK).json is missing: every policy has its default level and options" >&2
	@protects=$$(pulumi config get --stack $(STACK) protect_tables) || \
		{ echo "To create the stack: pulumi stack init $(STACK)" >&2; exit 2; }; \
	test "$$protects" = false || \
	pulumi config get --stack $(STACK) aws:allowedAccountIds 2>/dev/null | grep -v 000000000000 | grep -q '"[0-9]\{12\}"' || \
	{ echo "$(STACK) protects its tables: set aws:allowedAccountIds in Pulumi.$(STACK).yaml to the account that they" \
		'are in, as ["123456789012"]' >&2; exit 2; }

verify: .venv/installed ## Compare the live account with what the program declares for STACK
	@$(BIN)/python -m ops verify --stack $(STACK) $(ARGS)

adopt: .venv/installed ## Write imports.json, to import the tables that exist into Pulumi's state
	@$(BIN)/python -m ops adopt --stack $(STACK) $(ARGS)

test: .venv/installed ## Run the tests
	@$(BIN)/pytest --quiet $(ARGS)

check: .venv/installed ## Everything that CI checks, but for actionlint
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check
	@$(BIN)/ty check --quiet
	@$(BIN)/zizmor --offline --quiet .github
	@$(BIN)/pytest --quiet

# PyPI has no wheel with the binary of the project itself. Go checks the hash of this version with its checksum database.
actionlint: ## Check the workflows with actionlint, which needs Go and a network
	@go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

format: .venv/installed ## Format the code
	@$(BIN)/ruff check --quiet --fix
	@$(BIN)/ruff format --quiet

bench: .venv/installed ## Measure speed and growth against baselines (about three minutes)
	@$(BIN)/python -m bench $(ARGS)

docs: .venv/installed ## Write what is generated in docs/
	@$(BIN)/python docs/generate.py

lock: .venv/installed ## Bring the locked requirements up to pyproject.toml (ARGS=--upgrade renews all)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header $(ARGS) pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header $(ARGS) --group dev --extra plot pyproject.toml -o requirements-dev.txt

pins: ## Write the versions and hashes of the CLI and the AWS plugin into .github/pins (downloads both)
	@.github/actions/pulumi/pulumi.sh pins
