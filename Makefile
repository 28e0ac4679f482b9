# Two commands are all: `make demo` to see it, `make test` to check everything that CI checks.
# Build outputs go to a cache outside the checkout, so that a fresh clone starts warm; set CARGO_TARGET_DIR to change that.

export CARGO_TARGET_DIR ?= $(HOME)/.cache/glasshouse/target
DEMO ?= $(HOME)/.cache/glasshouse/demo
BIN := $(CARGO_TARGET_DIR)/debug/glasshouse

.PHONY: demo test setup bench web clean-demo

demo: setup page
	cargo build --locked --workspace
	rm -rf "$(DEMO)"
	$(BIN) sample "$(DEMO)/account" --scale 0.01
	$(BIN) open "$(DEMO)"/account/takeout-*.zip "$(DEMO)/account/loose" --case "$(DEMO)/case" --yes $(DEMO_FLAGS)

test: setup page
	./scripts/check.sh

bench: setup page
	./scripts/bench.sh

# The review page, which the binary holds within itself.
page: setup
	@./scripts/web.sh

setup:
	@./scripts/setup.sh

web:
	./scripts/web.sh

clean-demo:
	rm -rf "$(DEMO)"
