#!/usr/bin/env bash
# Speed, as ratios and medians within one run: what counting costs, and the analytic commands.
# Needs built programs: `make bench`. ROWS="fib xz" measures only the rows so named, ROUNDS is how
# often each is measured, FLOPLEDGER_PYTHON the python whose numpy and torch are used.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
flopledger=$(realpath "${FLOPLEDGER:?}")
rounds=${ROUNDS:-5}
rows=${ROWS:-}
# For programs, inputs and results.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C PYTHONHASHSEED=0 OPENBLAS_NUM_THREADS=1

# shellcheck source=tests/bench/measure.sh
. "$here/measure.sh"
# shellcheck source=tests/bench/translate.sh
. "$here/translate.sh"
# shellcheck source=tests/bench/step.sh
. "$here/step.sh"
# shellcheck source=tests/bench/events.sh
. "$here/events.sh"
# shellcheck source=tests/bench/analytic.sh
. "$here/analytic.sh"

check_rows
translate_table
step_table
events_table
analytic_table
