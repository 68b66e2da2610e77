# shellcheck shell=bash disable=SC2154 # what bench.sh sets
# Counting by translation, against native execution and against what two other translators reached
# (figures from elsewhere: a prototype of this one, and DynamoRIO 11.90 with one addition a block).
#
# A row's target is a ratio of CPU times, or with a sign: seconds on top of native.

declare -A label target prototype dynamorio
translate_order=()
row() { translate_order+=("$1") target[$1]=$2 prototype[$1]=$3 dynamorio[$1]=$4 label[$1]=$5; }

#   name           target  prototype  DynamoRIO  workload
row gemm-avx2      1.05    1.01       1.4        'AVX2 GEMM loop'
row gemm-avx512    1.05    1.05       1.6        'AVX-512 GEMM loop'
row clip-b32       1.05    -          -          'CLIP ViT-B-32 inference'
row clip-l14-336   1.05    -          -          'CLIP ViT-L-14-336 inference'
row sgemm          1.02    1.01       0.97       'numpy sgemm 1024^3, each further call'
row saxpy          1.3     1.48       3.0        'scalar saxpy loop'
row gzip           1.11    1.11       -          'gzip 20 MB'
row xz             1.3     1.55       -          'xz -1 20 MB'
row fib            1.5     1.65       -          'calls and returns (fib)'
row python-loop    1.7     1.7        -          'python loop, net of start-up'
row true           +0.015  +0.015     -          '/bin/true'
row import-json    +0.2    +0.25      +0.96      "python3 -c 'import json'"
row import-numpy   -       +0.3       +1.8       "python3 -c 'import numpy'"
row import-torch   3       -          -          "python3 -c 'import torch'"
row node           -       -          -          'node -e 0'

translate_rows() { echo "${translate_order[*]}"; }

# Each of these sets `command`, and `base` if that is to be subtracted: the same with nothing to do.
# What cannot be run here is told in `missing`.
prepare_gemm-avx2() { has_flags avx2 fma && program gemm gemm -O2 -DBYTES=32 -mavx2 -mfma && command=("$work/gemm" 250000); }
prepare_gemm-avx512() { has_flags avx512f && program gemm gemm -O2 -DBYTES=64 -mavx512f && command=("$work/gemm" 120000); }
prepare_clip-b32() { clip ViT-B-32; }
prepare_clip-l14-336() { clip ViT-L-14-336; }
prepare_sgemm() {
  # Called more than once at least: the first call starts things.
  local code='import sys, numpy
a = numpy.ones((1024, 1024), numpy.float32)
for _ in range(int(sys.argv[1])): a @ a'
  module numpy && command=("$python" -c "$code" 61) base=("$python" -c "$code" 1)
}
prepare_saxpy() { program saxpy saxpy -O2 -fno-tree-vectorize && command=("$work/saxpy" 1500000); }
prepare_gzip() { installed gzip && text && command=(gzip -c "$work/input"); }
prepare_xz() { installed xz && text && command=(xz -1 -T1 -c "$work/input"); }
prepare_fib() { program fib fib -O1 && command=("$work/fib" 42); }
prepare_python-loop() {
  local code='import sys
def loop(n):
    total = 0
    for i in range(n): total += i * i % 7
    return total
loop(int(sys.argv[1]))'
  module sys && command=("$python" -c "$code" 20000000) base=("$python" -c "$code" 1)
}
prepare_true() { command=(/bin/true); }
prepare_import-json() { module json && command=("$python" -c 'import json'); }
prepare_import-numpy() { module numpy && command=("$python" -c 'import numpy'); }
prepare_import-torch() { module torch && command=("$python" -c 'import torch'); }
prepare_node() { installed node && command=(node -e 0); }

has_flags() {
  local flag
  for flag; do
    grep -qw "$flag" /proc/cpuinfo || { missing="this CPU has no $flag"; return 1; }
  done
}
installed() { [[ -n $(type -P "$1") ]] || { missing="no $1 here"; return 1; }; }
# program SOURCE OUTPUT FLAG...
program() { ${CC:-gcc} -Wall "${@:3}" -o "$work/$2" "$here/programs/$1.c" || { missing="$1.c does not compile"; return 1; }; }
text() { [[ -e $work/input ]] || { program text text -O2 && "$work/text" 20000000 >"$work/input"; }; }
clip() {
  local program
  program=$(dirname "$flopledger")/flopledger-clip
  command=("$program" --preset "$1")
  [[ -x $program ]] || { missing="no $program"; return 1; }
}
# The interpreter itself, not a script that looks for it; and what it must be able to import.
module() {
  python=$("${FLOPLEDGER_PYTHON:-python3}" -c 'import sys; print(sys.executable)' 2>/dev/null) || { missing='no python3 here'; return 1; }
  "$python" -c "import $1" 2>/dev/null || { missing="no $1 for $python"; return 1; }
}

translate_table() {
  local name heading=yes
  local command base missing python
  for name in "${translate_order[@]}"; do
    wanted "$name" || continue
    if [[ $heading ]]; then
      heading=
      printf '%-38s %9s %9s %8s %8s %9s %9s  %s\n' 'counter translate' 'native s' 'counted s' ratio target \
        prototype DynamoRIO verdict
    fi
    command=() base=() missing=
    if "prepare_$name"; then
      translate_row "$name" || printf '%-38s failed\n' "${label[$name]}"
    else
      printf '%-38s skipped: %s\n' "${label[$name]}" "$missing"
    fi
  done
}

# In turn, so that both see the same machine. One round more, first and not counted, warms up.
translate_row() {
  local round native counted
  : >"$work/rounds"
  for ((round = 0; round <= rounds; round++)); do
    native=$(net cpu) && counted=$(net counted_cpu) || return
    ((round == 0)) || echo "$native $counted" >>"$work/rounds"
  done
  awk '{ print $1 }' "$work/rounds" | median >"$work/native"
  awk '{ print $2 }' "$work/rounds" | median >"$work/counted"
  awk '{ print ($1 > 0 ? $2 / $1 : 0) }' "$work/rounds" | median >"$work/ratio"
  awk '{ print $2 - $1 }' "$work/rounds" | median >"$work/difference"
  paste "$work/native" "$work/counted" "$work/ratio" "$work/difference" |
    awk -v label="${label[$1]}" -v target="${target[$1]}" -v prototype="${prototype[$1]}" -v dynamorio="${dynamorio[$1]}" '{
      added = target prototype ~ /\+/
      got = added ? $4 : $3
      verdict = target == "-" ? "-" : got <= target + 0 ? "met" : "missed by " sprintf(added ? "%.3f s" : "%.3f", got - target)
      printf "%-38s %9.3f %9.3f %8s %8s %9s %9s  %s\n", label, $1, $2, sprintf(added ? "%+.3f" : "%.3f", got),
        target, prototype, dynamorio, verdict
    }'
}

# What `command` takes beyond `base`, as the function $1 measures.
net() {
  local all less=0
  all=$("$1" "${command[@]}") || return
  [[ ${#base[@]} == 0 ]] || less=$("$1" "${base[@]}") || return
  awk -v all="$all" -v less="$less" 'BEGIN { print all - less }'
}

counted_cpu() {
  cpu "$flopledger" run --counter translate --format json -o "$work/result" -- "$@" || return
  grep -q '"exact": true' "$work/result" || {
    echo "bench: not exact: $*: $(tr -d '\n' <"$work/result" | sed 's/.*"reasons": \[\([^]]*\)\].*/\1/')" >&2
    return 1
  }
}
