# Countersign. `make run` starts it, `make test` tests it; the rest is for its developers.
PY ?= python3
VENV := .venv
BIN := $(VENV)/bin
export UV_NO_CONFIG := 1
# One more than there are processors: many tests wait for processes of their own.
WORKERS ?= $(shell expr $$(nproc) + 1)
POSTGRES ?= postgres://postgres@127.0.0.1:5432/postgres
# Settings as in production, with invented values; the folder is thrown away.
PRODUCTION := VAR_DIR=$(VENV)/deploy-check PUBLIC_URL=https://inbox.example.test \
	FACEBOOK_APP_ID=1 FACEBOOK_APP_SECRET=invented-secret FACEBOOK_VERIFY_TOKEN=invented-token
COMPILE := $(BIN)/uv pip compile -q --python $(BIN)/python --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help run test test-services test-browser test-browser-short chaos chaos-short bench screenshots lint types contracts messages migrations-check deploy-check lock clean

help:
	@echo "make run            start Countersign (a try-out with a simulated Meta unless .env has credentials)"
	@echo "make test           run the tests on SQLite"
	@echo "make test-services  run the same tests on PostgreSQL, with procrastinate workers"
	@echo "make test-browser   walk the console in Chromium"
	@echo "make messages       bring new texts into the catalogues of other languages (needs gettext)"
	@echo "make chaos          kill everything hundreds of times on both engines, and count what arrived"

$(BIN)/uv: requirements/uv.txt
	$(PY) -m venv --without-pip $(VENV)
	$(PY) -m pip --python $(BIN)/python install -q --disable-pip-version-check --root-user-action=ignore -r requirements/uv.txt
	@touch $@

$(VENV)/.stamp-%: requirements/%.txt $(BIN)/uv
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes --compile-bytecode -r $<
	@touch $@

run: $(VENV)/.stamp-run
	@exec $(BIN)/python manage.py run

test: $(VENV)/.stamp-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not browser"

# The same suite on PostgreSQL. The walk over loopback starts real procrastinate workers as processes. No test pulls the server's plug, so
# no commit waits for the disk.
test-services: $(VENV)/.stamp-dev
	PGOPTIONS="-c synchronous_commit=off" DATABASE_URL=$(POSTGRES) $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not browser" $(ARGS)

test-browser: $(VENV)/.stamp-e2e
	$(BIN)/python -m pytest -n 2 --dist loadfile -m browser
	BROWSER_DATABASE_URL=$(POSTGRES) $(BIN)/python -m pytest -n 2 --dist loadfile -m two_operators

# What a change must not break, in half the time: on SQLite, without the long walks (every page of the configuration, every act by the keyboard alone).
test-browser-short: $(VENV)/.stamp-e2e
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "browser and not thorough"

# Processes of our own against the simulated Meta: faults of every kind, SIGKILL at random points, and at the end both records compared.
chaos: $(VENV)/.stamp-dev
	$(BIN)/python -m tests.chaos --postgres $(POSTGRES) $(ARGS)

chaos-short: $(VENV)/.stamp-dev
	@$(MAKE) -s chaos ARGS="--short $(ARGS)"

bench: $(VENV)/.stamp-dev
	$(BIN)/python -m benchmarks.webhook_door
	$(BIN)/python -m benchmarks.backfill
	POSTGRES=$(POSTGRES) $(BIN)/python -m benchmarks.wake
	POSTGRES=$(POSTGRES) $(BIN)/python -m benchmarks.search

screenshots: $(VENV)/.stamp-e2e
	$(BIN)/python docs/screenshots.py

lint: $(VENV)/.stamp-dev
	$(BIN)/ruff check .

types: $(VENV)/.stamp-dev
	$(BIN)/mypy .

contracts: $(VENV)/.stamp-dev
	$(BIN)/lint-imports --cache-dir $(VENV)/.import_linter_cache

# Texts into the catalogues, and these into what Django reads. It ends with what is not translated, and then it fails. Needs gettext.
messages: $(VENV)/.stamp-run
	$(BIN)/python manage.py makemessages --all --no-wrap --no-obsolete --add-location=file -i "tests/*" -i "docs/*" -i "benchmarks/*" -i "graph/simulator/*"
	$(BIN)/python manage.py compilemessages --verbosity 0 --locale de --ignore $(VENV)
	@! { msgattrib --untranslated locale/de/LC_MESSAGES/django.po; msgattrib --only-fuzzy locale/de/LC_MESSAGES/django.po; } | grep .

migrations-check: $(VENV)/.stamp-dev
	$(BIN)/python manage.py makemigrations --check --dry-run

deploy-check: $(VENV)/.stamp-dev
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

lock: $(BIN)/uv
	$(COMPILE) pyproject.toml -o requirements/run.txt
	$(COMPILE) -c requirements/run.txt --group dev pyproject.toml -o requirements/dev.txt
	$(COMPILE) -c requirements/dev.txt --group dev --group e2e pyproject.toml -o requirements/e2e.txt
	@! grep -nE 'https?://' requirements/*.txt
