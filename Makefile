# `make` alone lists the verbs. Python 3.11 or later and make are enough.
PORT    ?= 7071
DOMAIN  ?= todos
# Of another domain a folder of its own: a store holds one domain.
DATA    ?= .data$(if $(filter-out todos,$(DOMAIN)),/$(DOMAIN))
STORAGE ?= sqlite
ARGS    ?=

PY        = .venv/bin/python
export EO_DOMAIN = $(DOMAIN)
# The app names TODOs itself; tests of the engine run with any domain, and each has its own.
ifeq ($(DOMAIN),todos)
OTHER =
TESTS =
else
OTHER = --domain $(DOMAIN)
OWN = $(subst .,/,$(DOMAIN))
# None of these where ARGS names tests itself.
TESTS = $(if $(filter tests/% $(OWN)/%,$(subst --deselect tests/,--deselect=tests/,$(ARGS))),, \
	tests/engine tests/publishing tests/triggers/events tests/e2e tests/chaos $(wildcard $(OWN)/tests))
endif
RUN = $(PY) -m tools.run $(OTHER) --port $(PORT) --data "$(DATA)" --storage $(STORAGE) $(ARGS)

.PHONY: help run test sdk2 browser conformance check fmt faults mutants model bench audit chaos textbook domain azurite venv venv-dev node-azurite node-kusto clean

help:
	@printf "%s\n" '  make run          start the app on this machine; PORT=7071 DATA=.data, of another domain .data/DOMAIN; STORAGE=sqlite|tables DOMAIN=examples.invoices, ARGS=--standby for a second host (until Ctrl-C)'
	@printf "%s\n" '  make test         all tests; ARGS="-k kill -x", DOMAIN=examples.invoices (15 min)'
	@printf "%s\n" '  make sdk2         the tests on the next Durable SDK; needs Python 3.13, ARGS as for test (15 min)'
	@printf "%s\n" '  make browser      the page in a real Chromium, Debian'"'"'s where there is none; SCREENSHOT=docs/page.png (2 min)'
	@printf "%s\n" '  make check        format, lint, types, imports, released versions of domains (1 min)'
	@printf "%s\n" '  make textbook     the bug that this prevents: one kill, two invoices with one number (15 s)'
	@printf "%s\n" '  make audit        check in storage that the logs are consistent: 1..n, one entry per request, outputs recomputed; DATA, STORAGE as for run (1 s)'
	@printf "%s\n" '  make faults       histories with faults everywhere, each replayable by its seed; SEEDS=13000 (5 min)'
	@printf "%s\n" '  make mutants      mistakes in the real code, each of which a test must see; ARGS="no-sweeper" (5 min)'
	@printf "%s\n" '  make model        check the protocol with TLC (5 min)'
	@printf "%s\n" '  make conformance  hold localhost against recorded answers of the real host; writes localhost/FIDELITY.md (3 min)'
	@printf "%s\n" '  make chaos        kill host and worker under load, two hosts in turn, functions apart; ARGS="--apart --history FILE", ARGS="--storage tables" DOMAIN=examples.invoices, or --help (6 min)'
	@printf "%s\n" '  make bench        what it costs, every answer verified; ARGS=budgets, DOMAIN=examples.invoices (3 min)'
	@printf "%s\n" '  make workshop     fifteen exercises, checked whenever you save; make exercise N=4 for one of them (4 h)'
	@printf "%s\n" '  make workshop-check  that solutions pass and wrong attempts do not; N=4 (1 min)'
	@printf "%s\n" '  make domain       write the package of a new domain; NAME=tickets (1 s)'
	@printf "%s\n" '  make azurite      the emulator of Azure Storage in the foreground, for `func start` and others (until Ctrl-C)'
	@printf "%s\n" '  make fmt          format, and fix what the linter can fix (5 s)'
	@printf "%s\n" '  make clean        remove everything that make has installed (1 s)'

ifeq ($(STORAGE),tables)
run: node-azurite
	@exec $(PY) -m tools.azurite --data "$(DATA)/tables" -- $(RUN)
else
run: venv
	@exec $(RUN)
endif

test: venv-dev node-azurite node-kusto
	@$(PY) -m pytest -p tools.pytest_stopping $(TESTS) $(ARGS)

# In an environment of its own; the rest of the tools stay with .venv.
sdk2: venv-dev node-azurite node-kusto
	@tools/setup/venv.sh sdk2
	@.venv/sdk2/bin/python -m pytest -p tools.pytest_stopping $(TESTS) $(ARGS)

browser: venv-dev
	@$(PY) -m tools.setup.chromium
	@EO_DOMAIN=todos EO_SCREENSHOT="$(abspath $(SCREENSHOT))" $(PY) -m pytest -p tools.pytest_stopping page/tests --timeout 400 $(ARGS)

conformance: venv-dev
	@$(PY) -m pytest -p tools.pytest_stopping localhost/conformance -p no:cacheprovider --timeout 600 \
		$(if $(ARGS),$(ARGS),--fidelity)

check: venv-dev
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports
	@$(PY) -m domain.lock examples.invoices $(sort todos $(patsubst %/released.json,%,$(wildcard */released.json)))

fmt: venv-dev
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

bench: venv-dev node-azurite
	@$(PY) -m bench $(ARGS) $(if $(DOMAIN),--domain $(DOMAIN))

faults: venv-dev
	@$(PY) -m tests.simulation --seeds $(or $(SEEDS),13000)

mutants: venv-dev node-azurite
	@$(PY) -m tests.mutants $(ARGS)

chaos: venv-dev $(if $(findstring tables,$(ARGS)),node-azurite)
	@$(PY) -m tests.chaos $(ARGS)

textbook: venv
	@$(PY) -m tools.textbook

ifeq ($(STORAGE),tables)
audit: node-azurite
	@test -d "$(DATA)/tables" || \
		{ echo "Nothing has been stored yet, or the name is wrong: $(DATA)/tables: there is no such folder." >&2; exit 3; }
	@exec $(PY) -m tools.azurite --data "$(DATA)/tables" --join -- $(PY) -m tools.audit $(OTHER) --store tables $(ARGS)
else
audit: venv
	@$(PY) -m tools.audit $(OTHER) --store "sqlite:$(DATA)/store.db" $(ARGS)
endif

domain: venv
	@$(PY) -m tools.new_domain $(NAME) $(ARGS)

model: venv-dev
	@$(PY) -m model $(ARGS)
	@$(if $(ARGS),,$(PY) -m tests.recording 0 1 2 3)

azurite: node-azurite
	@exec $(PY) -m tools.azurite --data "$(DATA)/azurite" --well-known-ports

venv:
	@tools/setup/venv.sh localhost

venv-dev:
	@tools/setup/venv.sh dev

node-azurite: venv
	@$(PY) -m tools.setup.npm tests/azurite

node-kusto: venv
	@$(PY) -m tools.setup.npm tests/infra/kusto

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache tests/azurite/node_modules tests/infra/kusto/node_modules
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

.PHONY: workshop exercise workshop-check

workshop: venv-dev
	@$(PY) -m workshop companion

exercise: venv-dev
	@$(PY) -m workshop exercise "$(N)" $(if $(SOLUTION),--solution) $(if $(ANSWER),--answer "$(ANSWER)") || true

workshop-check: venv-dev
	@$(PY) -m workshop check $(N)
