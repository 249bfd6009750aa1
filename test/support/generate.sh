#!/usr/bin/env bash
# test/support/generate.sh: writes anew what documents, rules, boards and chart have of tables in the code. Each part is tried, whatever came of
# those before it; the exit code is 0 only when none failed.
set -euo pipefail
cd "$(dirname "$0")/../.."
export UPDATE_GENERATED=1

failed=0
part() { npx vitest run --project "$@" || failed=1; }

part unit test/prometheus/generated.test.ts test/prometheus/pyrra.test.ts test/grafana/generated.test.ts test/packaging/benchmarks.test.ts \
  test/packaging/man-page.test.ts test/packaging/mutants.test.ts test/behaviour/config/generated.test.ts docs.test.ts
# Of what the first part has written: the schema of the configuration, the rules.
part unit test/helm/generated.test.ts
part lab-beside test/prometheus/alert-texts.test.ts
exit "$failed"
