# Each of these installs what it needs first, once, into target/tools where it can be.

run: ## Build everything and start it; the address to open is the first line printed.
	@scripts/build.sh && exec target/release/chalkwire serve $(ARGS)

build: ## Leave one program, target/release/chalkwire, with the page inside.
	@scripts/build.sh

test: ## Run every test: unit, end to end, Python peers, a real browser.
	@scripts/test.sh $(ARGS)

check: ## Formatting, lints and documentation, warnings as errors.
	@scripts/check.sh

bench: ## Measure, and write BENCHMARKS.md. QUICK=1 for two minutes.
	@scripts/bench.sh

help: ## This list.
	@sed -n 's/^\([a-z]*\): ## /\1\t/p' Makefile | expand -t 10

.PHONY: run build test check bench help
