# shellcheck shell=bash disable=SC2154 # what bench.sh sets
# Counting by events against `perf stat` with the same ones: CPU time of the tool and what it runs,
# interleaved. With the kernel's events, which open everywhere: `perf` takes the same path with more.

events_rows() { echo events-true events-forks; }

events_table() {
  local row events=task-clock,page-faults,context-switches,cpu-migrations,minor-faults ours theirs round ratios
  if ! command -v perf >/dev/null; then
    echo "bench: no perf: rows $(events_rows) are left out" >&2
    return
  fi
  printf '#!/bin/sh\nfor i in $(seq 200); do /bin/true; done\n' >"$work/forks"
  chmod +x "$work/forks"
  local heading=1
  for row in $(events_rows); do
    wanted "$row" || continue
    if ((heading)); then
      printf '\n%-44s %12s %12s %14s\n' 'counter events' 'perf stat s' 'counted s' 'ratio'
      heading=0
    fi
    ours=() theirs=() ratios=()
    for ((round = 0; round < rounds; round++)); do
      theirs+=("$(cpu bash "$here/events_runs.sh" "$row" "$work/forks" perf stat -e "$events" --)")
      ours+=("$(cpu bash "$here/events_runs.sh" "$row" "$work/forks" "$flopledger" run --counter events -e "$events" --)")
      ratios+=("$(awk -v a="${ours[-1]}" -v b="${theirs[-1]}" 'BEGIN { printf "%.3f\n", a / b }')")
    done
    printf '%-44s %12s %12s %14s\n' "$row" "$(printf '%s\n' "${theirs[@]}" | median)" \
      "$(printf '%s\n' "${ours[@]}" | median)" "$(printf '%s\n' "${ratios[@]}" | median)"
  done
}
