# shellcheck shell=bash disable=SC2154 # what bench.sh sets
# The commands that execute no workload.

analytic_rows() { echo estimate explain; }

analytic_table() {
  local heading=$'\nanalytic commands' row command
  for row in $(analytic_rows); do
    wanted "$row" || continue
    case $row in
      estimate) command=(estimate --preset ViT-L-14-336) ;;
      explain) command=(explain thop analytic) ;;
    esac
    [[ -z $heading ]] || printf '%-44s %12s\n' "$heading" 'CPU s'
    heading=
    printf '%-44s %12s\n' "${command[*]}" "$(median_cpu "$flopledger" "${command[@]}")"
  done
}
