# make run      start the app on this machine     (PORT=7071 DATA=.data STORAGE=sqlite|tables,
#               ARGS=--standby: a second host, which takes over when the first one dies)
# make test     all tests                          (ARGS="-k kill -x")
# make check    formatting, lint, types, imports
# make faults   histories with faults everywhere, each replayable by its seed  (SEEDS=13000)
# make mutants  mistakes in the real code, each of which a test must see  (ARGS="no-sweeper")
# make chaos    kills a host under load 50 times, then two in turn; audits both  (ARGS="--seed 7")
# make conformance  holds localhost against the recorded answers of the real host, and
#               writes localhost/FIDELITY.md        (ARGS="-k http-keys-0042": that case alone)
# make textbook  shows the bug that this prevents: one kill, two invoices with one number
# make audit    proves from storage alone that no promise is broken  (ARGS="--store tables")
# make model    check the protocol with TLC, then the code against it  (ARGS="--traces 2000")
# make domain   write the package of a new domain  (NAME=tickets ARGS="--key accountId")
# make azurite  the emulator of Azure Storage, in the foreground, for `func start` and others
PORT    ?= 7071
DATA    ?= .data
STORAGE ?= sqlite
ARGS    ?=

PY        = .venv/bin/python
RUN = $(PY) -m tools.run --port $(PORT) --data "$(DATA)" --storage $(STORAGE) $(ARGS)

.PHONY: run test conformance check fmt faults mutants model bench audit chaos textbook domain azurite venv venv-dev node-azurite clean

ifeq ($(STORAGE),tables)
run: node-azurite
	@exec $(PY) -m tools.azurite --data "$(DATA)/tables" -- $(RUN)
else
run: venv
	@exec $(RUN)
endif

test: venv-dev node-azurite
	@$(PY) -m pytest $(ARGS)

conformance: venv-dev
	@$(PY) -m pytest localhost/conformance -p no:cacheprovider --timeout 600 \
		$(if $(ARGS),$(ARGS),--fidelity)

check: venv-dev
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports
	@$(PY) -m domain.lock todos examples.invoices

fmt: venv-dev
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

bench: venv-dev
	@$(PY) -m bench $(ARGS)

faults: venv-dev
	@$(PY) -m tests.simulation --seeds $(or $(SEEDS),13000)

mutants: venv-dev node-azurite
	@$(PY) -m tests.mutants $(ARGS)

chaos: venv-dev
	@$(PY) -m tests.chaos $(ARGS)

textbook: venv
	@$(PY) -m tools.textbook

audit: venv
	@$(PY) -m tools.audit --data "$(DATA)" --store "$(if $(filter tables,$(STORAGE)),tables,sqlite:$(DATA)/store.db)" $(ARGS)

domain: venv
	@$(PY) -m tools.new_domain $(NAME) $(ARGS)

model: venv-dev
	@$(PY) -m model $(ARGS)

azurite: node-azurite
	@exec $(PY) -m tools.azurite --data "$(DATA)/azurite" --well-known-ports

venv:
	@tools/setup/venv.sh localhost

venv-dev:
	@tools/setup/venv.sh dev

node-azurite: venv
	@$(PY) -m tools.setup.azurite

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache tests/azurite/node_modules
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
