# shellcheck shell=bash disable=SC2154 # what bench.sh sets
# The commands that execute no workload.

analytic_rows() { echo estimate estimate-200 explain python; }

# 200 files of tests/configs that are read.
some_configs() {
  local -a configs
  mapfile -t configs < <(printf '%s\n' "$here"/../configs/{open_clip,huggingface,eva_clip}/*.json)
  local config read=0
  for config in "${configs[@]}"; do
    "$flopledger" estimate "$config" >"$work/estimate" 2>&1 || continue
    echo "$config"
    ((++read < 200)) || return 0
  done
  echo "bench: only $read configurations are read" >&2
  return 1
}

analytic_table() {
  local heading=$'\nanalytic commands' row shown
  local -a command
  for row in $(analytic_rows); do
    wanted "$row" || continue
    [[ $row != python ]] || continue
    case $row in
      estimate) command=(estimate --preset ViT-L-14-336) shown=${command[*]} ;;
      estimate-200)
        mapfile -t command < <(some_configs)
        command=(estimate --format json "${command[@]}") shown='estimate, 200 files' ;;
      explain) command=(explain thop analytic) shown=${command[*]} ;;
    esac
    [[ -z $heading ]] || printf '%-44s %12s\n' "$heading" 'CPU s'
    heading=
    printf '%-44s %12s\n' "$shown" "$(median_cpu "$flopledger" "${command[@]}")"
  done
  ! wanted python || python_table
}

# The package that `make test-python` has installed.
python_table() {
  local python=${CARGO_TARGET_DIR:-target}/python/bin/python
  if [[ ! -x $python ]]; then
    echo 'bench: no Python package (make test-python): row python is left out' >&2
    return
  fi
  echo $'\nPython calls, CPU'
  "$python" -I "$here/../../python/tests/speed.py"
}
