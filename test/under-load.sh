#!/usr/bin/env bash
# test/under-load.sh RUNS [ARGUMENT...]: runs the quick tests so often, beside twice as many busy processes as there are processors,
# and prints a table of what came of each run. The arguments go to vitest. The exit code is 0 only when no run failed.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:?how many runs}
shift

said=$(mktemp)
busy=()
leave() {
  if [[ ${#busy[@]} -gt 0 ]]; then kill "${busy[@]}" 2>/dev/null || true; fi
  rm -f "$said"
}
trap leave EXIT
trap 'exit 130' INT TERM
for ((number = 0; number < 2 * $(nproc); number++)); do
  node -e 'for (;;) if (process.ppid === 1) process.exit();' &
  busy+=("$!")
done

failed=0
table=('| run | seconds | result | failed |' '|---|---|---|---|')
for ((run = 1; run <= runs; run++)); do
  status=0
  began=$SECONDS
  npm test -- "$@" 2>&1 | tee "$said" || status=$?
  result=passed
  if [[ $status -ne 0 ]]; then
    failed=$((failed + 1))
    result="exit code $status"
  fi
  # Each failed test once, without colours and without what vitest says before its name.
  names=$(sed $'s/\x1b\\[[0-9;]*m//g' "$said" | sed -n 's/^ *FAIL *\(unit *\)\?//p' | sort -u | paste -sd ';' -)
  table+=("| $run | $((SECONDS - began)) | $result | $names |")
done
printf '%s\n' '' "beside ${#busy[@]} busy processes:" "${table[@]}" "$failed of $runs runs failed"
[[ $failed -eq 0 ]]
