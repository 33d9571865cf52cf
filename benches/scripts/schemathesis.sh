#!/usr/bin/env bash
# Made-up requests against a running service, from the OpenAPI document: no answer may be a 5xx.
# Usage: benches/scripts/schemathesis.sh REGION [EXAMPLES]   (schemathesis, from PyPI, on the PATH; Python 3.10 or later)
set -euo pipefail
cd "$(dirname "$0")/../.."
REGION=$1; EXAMPLES=${2:-50}; BIN=${CARGO_TARGET_DIR:-target}/release/sharxi; OUT=$(mktemp -d)
"$BIN" serve "$REGION" --listen 127.0.0.1:0 --journal "$OUT/journal.sqlite" 2> "$OUT/log" & PID=$!
trap 'kill "$PID" 2>/dev/null || true; wait "$PID" || true; rm -r "$OUT"' EXIT
for _ in $(seq 100); do
  ADDR=$(sed -n 's,.*at http://\([^/]*\)/.*,\1,p' "$OUT/log"); [ -n "$ADDR" ] && break; sleep 0.2
done
# The status code must be documented, the body as described, and never a 5xx. GET /v1/ws is no plain HTTP.
schemathesis run api/schema/openapi.json --url "http://$ADDR" --phases examples,fuzzing --exclude-path /v1/ws \
  --checks not_a_server_error,content_type_conformance,response_schema_conformance --mode all --max-examples "$EXAMPLES" \
  --request-timeout 20 --generation-deterministic --no-color "${@:3}"
kill -0 "$PID"
