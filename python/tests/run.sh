#!/usr/bin/env bash
# The wheel in a fresh virtual environment of the Python that is named (python3): its tests, the examples of
# its documentation, and its speed. Exits 77 where the environment or maturin cannot be had.
set -euo pipefail
cd "$(dirname "$0")/../.."
environment=$(realpath -m "${CARGO_TARGET_DIR:-target}/python")
python=${1:-python3}

unavailable() {
  echo "notice: the Python package is not tested: $1" >&2
  exit 77
}

command -v "$python" >/dev/null || unavailable "there is no $python"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' || unavailable "$python is older than 3.9"
"$python" -m venv --clear "$environment" || unavailable "venv is missing (Debian: apt-get install python3-venv)"
"$environment/bin/pip" install --quiet --disable-pip-version-check 'maturin>=1.9,<2' ||
  unavailable "pip cannot get maturin, which builds it"

# pip finds the maturin that is here.
PATH="$environment/bin:$PATH" pip install --quiet --disable-pip-version-check --no-build-isolation .
# Not the folder's own package, which has no compiled part.
"$environment/bin/python" -I -m unittest discover --start-directory python/tests
"$environment/bin/python" -I python/tests/speed.py
