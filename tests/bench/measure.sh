# shellcheck shell=bash disable=SC2154 # what bench.sh sets
# What all tables are measured with. Uses `rows`, `work`.

# Is the row wanted?
wanted() { [[ -z $rows || " $rows " == *" $1 "* ]]; }

# Every row that is asked for must exist.
check_rows() {
  local row
  for row in $rows; do
    if [[ " $(translate_rows) $(step_rows) $(events_rows) $(analytic_rows) " != *" $row "* ]]; then
      echo "bench: no row '$row'; there are: $(translate_rows) $(step_rows) $(events_rows) $(analytic_rows)" >&2
      exit 2
    fi
  done
}

# CPU seconds (user + system, descendants included) of a command; fails as it does.
cpu() {
  local TIMEFORMAT='%3U %3S' status=0
  { time timeout 600 "$@" >"$work/stdout" 2>"$work/stderr" || status=$?; } 2>"$work/times"
  if ((status)); then
    echo "bench: status $status: $*" >&2
    tail -n 3 "$work/stderr" >&2
    return "$status"
  fi
  awk '{ printf "%.3f\n", $1 + $2 }' "$work/times"
}

# Of numbers, one a line.
median() { sort -g | awk '{ all[NR] = $1 } END { print (all[int((NR + 1) / 2)] + all[int(NR / 2) + 1]) / 2 }'; }

# The median of a command's CPU seconds.
median_cpu() { local round; for ((round = 0; round < rounds; round++)); do cpu "$@"; done | median; }
