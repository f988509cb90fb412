# The daily commands. `make` or `make help` lists them; what each one does is in scripts/.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
node := @sh scripts/check-node.sh && exec node

.PHONY: help demo test test-quick bench fuzz build setup fmt lint docs size release-dry-run clean clean-all

help: ## List these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: ## Install what is missing, build, run the README's example, serve the playground (ONCE=1: stop after the example; PORT=8080)
	$(node) scripts/demo.mjs

test: ## Every test; ends with "N passed, N failed, N skipped" (SUITE=name: only that one)
	$(node) scripts/test.mjs $(SUITE)

test-quick: ## The inner loop: formatting, linters and the native tests of src/core
	$(node) scripts/test.mjs quick

build: ## The npm package in pkg/ (FAST=1: quick to build, large, not for release)
	$(node) scripts/build-package.mjs $(if $(FAST),--fast)

setup: ## Install what is missing, build nothing
	$(node) scripts/setup.mjs test

fmt: ## Format everything in place
	$(node) scripts/lint.mjs --fix

lint: ## Formatting, clippy (native and wasm), biome, tsc
	$(node) scripts/test.mjs lint

bench: ## How fast streams are read and the first request is made, beside the official SDK and others; writes docs/bench/ (ONLY=streams or startup; ROUNDS=n: a quick look)
	$(node) bench/run.mjs

fuzz: ## Look for inputs that the stream core reads wrongly (SECONDS=30 for each target, or RUNS=n inputs)
	$(node) scripts/fuzz.mjs

docs: ## The API reference in docs/api, made from the types (commit what it writes)
	$(node) scripts/docs.mjs

size: ## The package's size: raw, gzip, brotli, and whether it is within its limits (COMPARE=1: beside other SDKs; writes docs/bench/size.md)
	$(node) scripts/size.mjs

release-dry-run: ## Build, check and pack into dist/ as for a release; publishes nothing
	$(node) scripts/release.mjs

clean: ## Delete what was built; keep the installed tools
	@rm -rf target pkg dist www/dist && echo "deleted: target pkg dist www/dist"

clean-all: clean ## Delete the installed tools and npm packages, too
	@rm -rf .tools node_modules www/node_modules docs/typedoc/node_modules && echo "deleted: .tools node_modules"
