# shellcheck shell=bash disable=SC2154 # what bench.sh sets
# Counting by single steps.

step_rows() { echo step-sse-packed step-branchy; }

step_table() {
  local kernel row native counted total
  for row in $(step_rows); do
    wanted "$row" || continue
    if [[ ! -d $work/kernels ]]; then
      bash "$here/../../workloads/kernels/build.sh" "$work/kernels" >/dev/null
      printf '\n%-44s %12s %12s %14s\n' 'counter step' 'native s' 'counted s' 'us/instruction'
    fi
    kernel=${row#step-} kernel=$work/kernels/${kernel//-/_}
    native=$(median_cpu "$kernel")
    counted=$(median_cpu "$flopledger" run --counter step -- "$kernel")
    "$flopledger" run --counter step --format json -o "$work/result" -- "$kernel"
    total=$(sed -n '/"instructions"/,/}/s/.*"total": \([0-9]*\).*/\1/p' "$work/result")
    printf '%-44s %12s %12s %14s\n' "$row ($total instructions)" "$native" "$counted" \
      "$(awk -v s="$counted" -v n="$total" 'BEGIN { printf "%.1f", 1e6 * s / n }')"
  done
}
