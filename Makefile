# Two commands do all the set-up: `make run` and `make test`.
CARGO ?= cargo
PREFIX ?= $(HOME)/.local
TARGET := $(or $(CARGO_TARGET_DIR),target)
# All three gemms: matrixmultiply's AVX2 kernel, the gemm crate's AVX-512 one, plain loops.
FEATURES := --features flopledger-clip/gemm
PYTHON ?= python3
# Of the benchmark, by name; all if empty.
ROWS ?=
FLOPLEDGER := $(TARGET)/release/flopledger

.PHONY: build run test test-all test-python lint bench fuzz install clean

build:
	$(CARGO) build --release --locked $(FEATURES)

# The main job on the built-in workload.
run: build
	$(FLOPLEDGER) reconcile

# The programs that the tests start are built first.
test: build
	$(CARGO) test --release --locked $(FEATURES)

# Those too that take minutes. FLOPLEDGER_PYTHON: an interpreter that has numpy and torch.
test-all: build
	$(CARGO) test --release --locked $(FEATURES) -- --include-ignored

# The Python package, in a fresh virtual environment that PYTHON makes.
test-python:
	PYTHON=$(PYTHON) python/tests/run.sh

lint:
	$(CARGO) fmt --all -- --check
	$(CARGO) clippy --locked --workspace --all-targets --all-features -- -D warnings

bench: build
	FLOPLEDGER=$(FLOPLEDGER) ROWS="$(ROWS)" tests/bench/bench.sh

# Needs a nightly compiler and cargo-fuzz. SECONDS is how long.
fuzz:
	$(CARGO) +nightly fuzz run config fuzz/corpus/config $(wildcard tests/configs/*/) -- -max_total_time=$(or $(SECONDS),60) -max_len=8192

install: build
	install -D -m 755 $(FLOPLEDGER) $(PREFIX)/bin/flopledger
	install -D -m 755 $(TARGET)/release/flopledger-clip $(PREFIX)/bin/flopledger-clip

clean:
	$(CARGO) clean
