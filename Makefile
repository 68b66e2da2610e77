# Two commands do all the set-up: `make run` and `make test`.
CARGO ?= cargo
PREFIX ?= $(HOME)/.local
TARGET := $(or $(CARGO_TARGET_DIR),target)
# All three gemms: matrixmultiply's AVX2 kernel, the gemm crate's AVX-512 one, plain loops.
FEATURES := --features flopledger-clip/gemm
# Of the benchmark, by name; all if empty.
ROWS ?=
# Arguments of tests/torture/torture.py.
TORTURE ?=
FLOPLEDGER := $(TARGET)/release/flopledger

.PHONY: build run test test-all test-frameworks test-python test-torture lint bench fuzz install clean test-tools test-chroot

build:
	$(CARGO) build --release --locked $(FEATURES)

# The main job on the built-in workload. Ends with the name of the report that it wrote.
run: build
	$(FLOPLEDGER) reconcile --time-runs 3 --peak measured --html $(TARGET)/flopledger-report.html

# The programs that the tests start are built first.
test: build
	$(CARGO) test --release --locked $(FEATURES)

# Those too that take minutes. FLOPLEDGER_PYTHON: an interpreter that has numpy and torch.
test-all: build
	$(CARGO) test --release --locked $(FEATURES) -- --include-ignored

# The tests on a fresh Debian with Rust, gcc and make only, by a normal user. Needs root and debootstrap.
test-chroot:
	tests/chroot.sh $(CHROOT)

# The Python package, in a fresh virtual environment.
test-python:
	python/tests/run.sh

# PyTorch and ONNX Runtime, in an environment of their own unless FLOPLEDGER_PYTHON names one that has them.
VENV := $(TARGET)/frameworks-venv
PYTHON := $(or $(FLOPLEDGER_PYTHON),$(abspath $(VENV))/bin/python)

test-frameworks: build $(if $(FLOPLEDGER_PYTHON),,$(VENV)/done)
	FLOPLEDGER_PYTHON=$(PYTHON) $(CARGO) test --release --locked $(FEATURES) --test frameworks

# Torch without CUDA where its own index can be reached, else as PyPI has it.
$(VENV)/done: workloads/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --index-url https://download.pytorch.org/whl/cpu torch torchvision \
		|| $(VENV)/bin/pip install --quiet torch torchvision
	$(VENV)/bin/pip install --quiet -r workloads/requirements.txt
	touch $@

# Programs natively and counted, which have to do the same: tests/torture/README.md. One or two hours.
test-torture: build
	FLOPLEDGER_FUZZ_SEEDS=$(or $(SEEDS),2) $(CARGO) test --release --locked $(FEATURES) --test fuzz -- --ignored
	tests/torture/torture.py --flopledger $(FLOPLEDGER) --json $(TARGET)/torture.json $(TORTURE)
# The FLOP tools that conventions are about, as new as there are, against the figures recorded of them: says which
# settings no longer hold. TOOLS: of these alone. FLOPLEDGER_TOOLS_PYTHON: an interpreter that has the tools.
# PYTORCH_MODEL_SUMMARY: a checkout of ceykmc's, which is in no registry.
TOOLS_VENV := $(TARGET)/tools-venv
TOOLS_PYTHON := $(or $(FLOPLEDGER_TOOLS_PYTHON),$(abspath $(TOOLS_VENV))/bin/python)
TOOLS ?=

test-tools: $(if $(FLOPLEDGER_TOOLS_PYTHON),,$(TOOLS_VENV)/done)
	ULTRALYTICS_THOP=$(or $(ULTRALYTICS_THOP),$(abspath $(TOOLS_VENV))/ultralytics-thop) \
		$(TOOLS_PYTHON) tests/conventions/measured/measure.py $(TOOLS)

# What cannot be installed is left out, and the script says so.
$(TOOLS_VENV)/done: tests/conventions/measured/requirements.txt
	python3 -m venv $(TOOLS_VENV)
	$(TOOLS_VENV)/bin/pip install --quiet -r $<
	$(TOOLS_VENV)/bin/pip install --quiet --no-deps --target $(TOOLS_VENV)/ultralytics-thop ultralytics-thop
	DS_BUILD_OPS=0 $(TOOLS_VENV)/bin/pip install --quiet deepspeed || echo "deepspeed is left out"
	touch $@

lint:
	$(CARGO) fmt --all -- --check
	$(CARGO) clippy --locked --workspace --all-targets --all-features -- -D warnings

bench: build
	FLOPLEDGER=$(FLOPLEDGER) ROWS="$(ROWS)" tests/bench/bench.sh

# Needs a nightly compiler and cargo-fuzz. SECONDS is how long.
fuzz:
	mkdir -p fuzz/corpus/config
	$(CARGO) +nightly fuzz run config fuzz/corpus/config $(wildcard tests/configs/*/) -- -max_total_time=$(or $(SECONDS),60) -max_len=8192

install: build
	install -D -m 755 $(FLOPLEDGER) $(PREFIX)/bin/flopledger
	install -D -m 755 $(TARGET)/release/flopledger-clip $(PREFIX)/bin/flopledger-clip

clean:
	$(CARGO) clean
