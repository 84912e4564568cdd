# rbotd: `make run` shows it at work, `make test` tests all of it, `make help` lists the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

# What `make install` installs: release or debug.
CONFIGURATION ?= release
DESTDIR ?=
PREFIX ?= /usr/local
# More arguments for `make run`, `make bench`, and the pytest of the test targets.
ARGS ?=

BUILD := .build/$(CONFIGURATION)
VENV := .venv
PYTEST := $(VENV)/bin/pytest -q --timeout=600 $(ARGS)

PROGRAM_SOURCES := Package.swift $(shell find Sources -name '[!.]*') \
  $(shell find strategies -name '*.swift' -o -name '*.[ch]')
TEST_SOURCES := $(shell find Tests -name '*.swift')
PYTHON := strategies Tests $(wildcard scripts/*.py)
SHELL_SCRIPTS := .ci/run $(shell grep -lrE '^\#!.*\b(ba)?sh$$' scripts Tests strategies --include='[!.]*')
MAN := $(wildcard docs/man/*.[1-8])

# $(call with,TOOL,ARGUMENTS): run a linter that a developer may lack.
with = if command -v $(1) >/dev/null; then echo $(1) $(2); $(1) $(2); else echo "check: $(1) is not installed, skipped"; fi

##@ Use

.PHONY: run
run: .build/release/.built ## Build, then run rbotd with the example strategies on paper (Ctrl-C stops it)
	@.build/release/rbotd --home .rbot --strategies strategies $(ARGS)

.PHONY: bench
bench: .build/release/.built ## Measure it: start, restart, order round trip, throughput, memory, idle CPU
	@scripts/prerequisites bench || echo "bench: the peers that are missing are left out"
	RBOT_BIN=$(CURDIR)/.build/release python3 Tests/Benchmarks/run.py $(ARGS)

##@ Develop

.PHONY: build
build: .build/release/.built ## Build the programs (release)

.PHONY: test
test: check test-swift test-python test-schedule test-paper test-worker test-contract test-integration test-escape test-systemd ## Build and run every test

.PHONY: check
check: check-swift check-python check-architecture check-shell check-man ## Format, lint, types, architecture, manual pages

.PHONY: check-swift
check-swift:
	swift format lint --strict --parallel --recursive Sources Tests strategies Package.swift

.PHONY: check-python
check-python: $(VENV)/.made
	$(VENV)/bin/ruff check $(PYTHON)
	$(VENV)/bin/ruff format --check $(PYTHON)
	MYPYPATH=strategies $(VENV)/bin/mypy --strict -p rbot
	for file in strategies/*/strategy.py; do MYPYPATH=strategies $(VENV)/bin/mypy --strict "$$file"; done

.PHONY: check-architecture
check-architecture: $(VENV)/.made
	$(PYTEST) Tests/Architecture

.PHONY: check-shell
check-shell:
	@$(call with,shellcheck,$(SHELL_SCRIPTS))

.PHONY: check-man
check-man: $(MAN)
	@$(if $(MAN),$(call with,mandoc,-T lint -W warning $(MAN)))

.PHONY: test-swift
test-swift: .build/debug/.built ## The Swift tests
	swift test --skip-build --disable-xctest --skip PlatformTests
	@# By themselves: they adopt orphans, take signals and run out of descriptors, which no other test would like.
	swift test --skip-build --disable-xctest --filter PlatformTests

.PHONY: test-python
test-python: .build/debug/.built $(VENV)/.made ## The Python SDK and the example strategies between fake peers
	$(PYTEST) Tests/Python

.PHONY: test-worker
test-worker: .build/debug/.built $(VENV)/.made ## What confines a worker, tried from inside (root and plain user)
	$(PYTEST) Tests/Worker

.PHONY: test-schedule
test-schedule: .build/debug/.built $(VENV)/.made ## Schedules against an independent implementation, 100,000 random cases
	$(PYTEST) -s Tests/Schedule

.PHONY: test-paper
test-paper: .build/debug/.built $(VENV)/.made ## The paper market against a second implementation, on recorded quotes
	$(PYTEST) -s Tests/Paper

.PHONY: test-integration
test-integration: .build/debug/.built $(VENV)/.made ## Real processes, end to end
	$(PYTEST) Tests/Integration

.PHONY: test-contract
test-contract: .build/debug/.built $(VENV)/.made ## The HTTP routes against their OpenAPI document, the measurements against promtool
	$(PYTEST) Tests/Contract

.PHONY: soak
soak: .build/debug/.built ## Kill, stop and command everything at random for 10 minutes
	RBOT_BIN=$(CURDIR)/.build/debug python3 Tests/Soak/run.py --seconds 600 $(ARGS)

.PHONY: test-escape
test-escape: .build/debug/.built $(VENV)/.made ## Strategies that try to get out of a real rbotd (root and plain user)
	$(PYTEST) Tests/Escape

.PHONY: test-systemd
test-systemd: .build/debug/.built $(VENV)/.made ## The service under a systemd of its own (root)
	Tests/Systemd/run $(ARGS)

.PHONY: format
format: $(VENV)/.made ## Format the sources in place
	swift format --in-place --parallel --recursive Sources Tests strategies Package.swift
	$(VENV)/bin/ruff check --fix $(PYTHON)
	$(VENV)/bin/ruff format $(PYTHON)

.PHONY: clean
clean: ## Remove what was built (the home .rbot stays)
	rm -rf .build $(VENV) .venv-bench .mypy_cache .ruff_cache .pytest_cache
	find strategies Tests -name __pycache__ -prune -exec rm -rf {} +

##@ Install (DESTDIR, PREFIX=/usr/local)

BIN := $(DESTDIR)$(PREFIX)/bin
LIBEXEC := $(DESTDIR)$(PREFIX)/libexec/rbotd
SHARE := $(DESTDIR)$(PREFIX)/share
LIB := $(DESTDIR)$(PREFIX)/lib
# A distribution's units are in /lib, an administrator's beside his programs.
UNITS := $(if $(filter /usr,$(PREFIX)),$(DESTDIR)/lib,$(LIB))/systemd/system
EXAMPLES := $(patsubst strategies/%/strategy.toml,%,$(wildcard strategies/*/strategy.toml))

.PHONY: install
install: $(BUILD)/.built ## Install programs, SDK, examples, unit, manual pages, completions
	install -d $(BIN) $(LIBEXEC) $(UNITS) $(LIB)/sysusers.d $(LIB)/tmpfiles.d
	install $(BUILD)/rbotd $(BUILD)/rbotctl $(BIN)
	install $(BUILD)/rbot-gateway $(BUILD)/rbot-exec $(BUILD)/ema-cross $(BUILD)/channel-breakout $(LIBEXEC)
	strip --strip-debug $(BIN)/rbotd $(BIN)/rbotctl $(LIBEXEC)/*
	install -d $(SHARE)/rbotd/python/rbot
	install -m 644 strategies/pyproject.toml $(SHARE)/rbotd/python
	install -m 644 strategies/rbot/*.py strategies/rbot/py.typed $(SHARE)/rbotd/python/rbot
	for name in $(EXAMPLES); do install -d $(SHARE)/rbotd/strategies/$$name; \
	  install -m 644 $$(ls strategies/$$name/*.toml strategies/$$name/*.py 2>/dev/null) $(SHARE)/rbotd/strategies/$$name; done
	install -m 644 strategies/README.md $(SHARE)/rbotd/strategies
	install -d $(SHARE)/rbotd/c
	install -m 644 strategies/channel_breakout/*.[ch] $(SHARE)/rbotd/c
	install -m 644 systemd/rbotd.toml $(SHARE)/rbotd
	install -d $(SHARE)/doc/rbotd
	install -m 644 README.md docs/protocol.md docs/paper.md $(SHARE)/doc/rbotd
	sed 's|@bindir@|$(PREFIX)/bin|g; s|@datadir@|$(PREFIX)/share|g' systemd/rbotd.service.in >$(UNITS)/rbotd.service
	chmod 644 $(UNITS)/rbotd.service
	install -m 644 systemd/sysusers.d/rbotd.conf $(LIB)/sysusers.d
	install -m 644 systemd/tmpfiles.d/rbotd.conf $(LIB)/tmpfiles.d
	$(foreach page,$(MAN),install -D -m 644 $(page) $(SHARE)/man/man$(subst .,,$(suffix $(page)))/$(notdir $(page));)
	install -d $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	$(BUILD)/rbotctl --generate-completion-script bash >$(SHARE)/bash-completion/completions/rbotctl
	$(BUILD)/rbotctl --generate-completion-script zsh >$(SHARE)/zsh/site-functions/_rbotctl
	$(BUILD)/rbotctl --generate-completion-script fish >$(SHARE)/fish/vendor_completions.d/rbotctl.fish

.PHONY: uninstall
uninstall: ## Remove what install installed; settings, databases and strategies of yours stay
	rm -f $(BIN)/rbotd $(BIN)/rbotctl
	rm -rf $(LIBEXEC) $(SHARE)/rbotd $(SHARE)/doc/rbotd
	rm -f $(UNITS)/rbotd.service $(LIB)/sysusers.d/rbotd.conf $(LIB)/tmpfiles.d/rbotd.conf
	rm -f $(foreach page,$(MAN),$(SHARE)/man/man$(subst .,,$(suffix $(page)))/$(notdir $(page)))
	rm -f $(SHARE)/bash-completion/completions/rbotctl $(SHARE)/zsh/site-functions/_rbotctl \
	  $(SHARE)/fish/vendor_completions.d/rbotctl.fish

##@ Help

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^##@ / { print "\n" substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# The stamps lie in the build folders, so that `swift package clean` removes them too. Each bears the time at which
# its build began: what was edited meanwhile is built next time.
started = .build/.started-$(notdir $(@D))
begin = @mkdir -p .build && touch $(started)
end = @touch -r $(started) $@

# Static: what is installed needs no Swift on the machine, starts sooner and takes less memory.
.build/release/.built: $(PROGRAM_SOURCES)
	@scripts/prerequisites
	$(begin)
	swift build -c release --static-swift-stdlib
	$(end)

# One build for all tests, and for the programs that they run.
.build/debug/.built: $(PROGRAM_SOURCES) $(TEST_SOURCES)
	@scripts/prerequisites
	$(begin)
	swift build --build-tests
	$(end)

$(VENV)/.made: requirements-dev.txt
	python3 -m venv $(VENV) || { echo "the test tools need Python's venv: scripts/prerequisites test"; exit 1; }
	$(VENV)/bin/pip install -q -r requirements-dev.txt
	@touch $@
