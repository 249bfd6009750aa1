#!/usr/bin/env bash
# test/mutants.sh ARGUMENT...: runs Stryker with these arguments, then looks whether each mutant that survived is judged in docs/mutants. The exit code
# is 0 only when Stryker could run and each survivor is judged.
set -euo pipefail
cd "$(dirname "$0")/.."
npx stryker run "$@"
MUTATION_REPORT=.stryker-tmp/mutation.json npx vitest run --project unit test/packaging/mutants.test.ts
