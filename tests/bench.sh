#!/usr/bin/env bash
# Speed, as ratios and medians of 5 within one run: what counting by single steps costs, and the
# analytic commands. Needs built programs: `make bench`.
set -euo pipefail
flopledger=${FLOPLEDGER:?}
kernels=$(mktemp -d)
trap 'rm -rf "$kernels"' EXIT
bash "$(dirname "$0")/../workloads/kernels/build.sh" "$kernels" >/dev/null

# CPU seconds (user + system, children included) of a command.
cpu() { local TIMEFORMAT='%U %S'; { time "$@" >/dev/null 2>&1; } 2>&1 | tail -n 1 | awk '{print $1 + $2}'; }
median() { for _ in 1 2 3 4 5; do "$@"; done | sort -n | sed -n 3p; }

printf '%-44s %12s %12s %14s\n' 'what' 'native CPU s' 'counted CPU s' 'us/instruction'
for kernel in sse_packed branchy; do
  native=$(median cpu "$kernels/$kernel")
  counted=$(median cpu "$flopledger" run --counter step -- "$kernels/$kernel")
  total=$("$flopledger" run --counter step --format json -o /dev/stdout -- "$kernels/$kernel" 2>/dev/null |
    sed -n '/"instructions"/,/}/s/.*"total": \([0-9]*\).*/\1/p')
  printf '%-44s %12s %12s %14s\n' "step: $kernel ($total instructions)" "$native" "$counted" \
    "$(awk -v s="$counted" -v n="$total" 'BEGIN { printf "%.1f", 1e6 * s / n }')"
done
for command in 'estimate --preset ViT-L-14-336' 'explain thop analytic'; do
  # shellcheck disable=SC2086 # the words of a command
  printf '%-44s %12s %12s\n' "$command" - "$(median cpu "$flopledger" $command)"
done
