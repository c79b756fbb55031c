# make run      start the app on this machine     (PORT=7071 DATA=.data STORAGE=sqlite|tables,
#               ARGS=--standby: a second host, which takes over when the first one dies)
# make test     all tests                          (ARGS="-k kill -x")
# make check    formatting, lint, types, imports
# make faults   histories with faults everywhere, each replayable by its seed  (SEEDS=13000)
# make mutants  mistakes in the real code, each of which a test must see  (ARGS="no-sweeper")
# make chaos    kills a host under load 50 times, then two in turn; audits both  (ARGS="--seed 7")
# make audit    proves from storage alone that no promise is broken  (ARGS="--store tables")
# make model    check the protocol with TLC, then the code against it  (ARGS="--traces 2000")
# make azurite  the emulator of Azure Storage, in the foreground, for `func start` and others
PORT    ?= 7071
DATA    ?= .data
STORAGE ?= sqlite
ARGS    ?=

PY        = .venv/bin/python
LOCALHOST = $(PY) -m localhost --port $(PORT) --data "$(DATA)" --storage $(STORAGE) $(ARGS)

.PHONY: run test check fmt faults mutants model bench audit chaos azurite venv venv-dev node-azurite clean

ifeq ($(STORAGE),tables)
run: node-azurite
	@exec $(PY) -m tools.azurite --data "$(DATA)/tables" -- $(LOCALHOST)
else
run: venv
	@exec $(LOCALHOST)
endif

test: venv-dev node-azurite
	@$(PY) -m pytest $(ARGS)

check: venv-dev
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

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

audit: venv
	@$(PY) -m tools.audit $(if $(ARGS),$(ARGS),--store "sqlite:$(DATA)/todos.db")

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

# make workshop        fifteen exercises: checks your file whenever it is saved; keys h n p l r c q
# make exercise N=4    one exercise alone  (SOLUTION=1; N=final ANSWER=A:path/of/the/file.py)
# make workshop-check  what CI runs: starts and wrong attempts fail, solutions pass  (N=4)
.PHONY: workshop exercise workshop-check

workshop: venv-dev
	@$(PY) -m workshop companion

exercise: venv-dev
	@$(PY) -m workshop exercise "$(N)" $(if $(SOLUTION),--solution) $(if $(ANSWER),--answer "$(ANSWER)") || true

workshop-check: venv-dev
	@$(PY) -m workshop check $(N)
