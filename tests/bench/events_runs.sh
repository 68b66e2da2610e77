#!/usr/bin/env bash
# A tool in front of a short command, as often as makes it measurable.
#   events_runs.sh ROW SCRIPT TOOL [ARGS]
set -euo pipefail
row=$1 script=$2
shift 2
case $row in
  events-true) times=100 command=/bin/true ;;
  events-forks) times=5 command=$script ;;
esac
for ((run = 0; run < times; run++)); do "$@" "$command"; done
