# `make test` is the one command: it sets up what it needs and checks everything. It needs Rust, Node and Python.
.PHONY: test lint rust web python demo bench clean

CARGO_FLAGS := --locked --workspace

test: lint web rust python demo

lint:
	cargo fmt --all --check
	cargo fmt --manifest-path sim/python/Cargo.toml --check
	cargo clippy $(CARGO_FLAGS) --all-targets --release -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(CARGO_FLAGS) --no-deps --release

# Release, so that the same build serves the tests, the days that they simulate, and the demonstration.
rust:
	cargo test $(CARGO_FLAGS) --release

web:
	@if command -v npm >/dev/null; then \
	  cd api/web && npm ci --no-audit --no-fund && npm run check && npm test; \
	else echo "npm is missing: the page is neither checked nor built"; fi

# The Python package, its tests and its notebook, in a folder of their own (target/venv).
python:
	sim/python/run-tests

# The real thing, short: exit 1 if a promise breaks or a request stays unanswered.
demo:
	cargo run --locked --release -- --for 20s --json

bench:
	cargo bench $(CARGO_FLAGS)

clean:
	cargo clean
	rm -rf api/web/node_modules api/web/dist
