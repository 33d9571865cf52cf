#!/usr/bin/env bash
# What the sockets stand: conformance, 10,000 idle ones, half headers, a reader that stops, 2,000 clients under load.
# Usage: benches/scripts/sockets.sh REGION [SECONDS]   (kosoku, from PyPI, on the PATH, or that part is left out and says so)
set -euo pipefail
cd "$(dirname "$0")/../.."
REGION=$1; SECONDS_OF_LOAD=${2:-60}; BIN=${CARGO_TARGET_DIR:-target}/release; OUT=$(mktemp -d)
ulimit -n "$(ulimit -Hn)"
cargo build --release -q --workspace --bin sharxi --bin sockets

if command -v kosoku >/dev/null; then
  "$BIN/sockets" echo --listen 127.0.0.1:9001 --seconds 120 > "$OUT/echo" & ECHO=$!
  sleep 1
  # The service has no compression (RFC 7692): cases 12 and 13 are not for it.
  kosoku -x '12.*' -x '13.*' -p 4 -o "$OUT/conformance" ws://127.0.0.1:9001/v1/ws | tail -5
  kill "$ECHO" && wait "$ECHO" || true
else
  echo "kosoku is missing: conformance was not looked at"
fi

serve() { # a fresh service; its process in PID, its address in ADDR
  rm -f "$OUT"/journal*; : > "$OUT/log"
  "$BIN/sharxi" serve "$REGION" --listen 127.0.0.1:0 --config "$OUT/config.toml" --journal "$OUT/journal.sqlite" 2> "$OUT/log" & PID=$!
  until ADDR=$(sed -n 's,.*at http://\([^/]*\)/.*,\1,p' "$OUT/log") && [ -n "$ADDR" ]; do sleep 0.2; done
}
end() { kill "$PID" && wait "$PID" || true; }
printf 'connections_max = 12000\nhash_every = 1000000\n[policy]\nreposition = false\n' > "$OUT/config.toml"

serve; "$BIN/sockets" idle "$ADDR" --pid "$PID"; end
serve; "$BIN/sockets" half "$ADDR"; "$BIN/sockets" slow "$ADDR"; end
serve; "$BIN/sockets" load "$ADDR" --seconds "$SECONDS_OF_LOAD"; end
rm -r "$OUT"
