#!/bin/sh
# The one check that cannot be written in JavaScript: is there a Node that can run the other scripts?
set -eu
want=$(sed -n 's/.*"node": ">=\([0-9.]*\)".*/\1/p' "$(dirname "$0")/../package.json")
if ! command -v node >/dev/null 2>&1; then
  echo "error: Node is missing: install Node $want or newer, from https://nodejs.org" >&2
  exit 1
fi
have=$(node -p process.versions.node)
if [ "$(printf '%s\n%s\n' "$want" "$have" | sort -V | head -n 1)" != "$want" ]; then
  echo "error: Node $have is too old: $want or newer is needed, from https://nodejs.org" >&2
  exit 1
fi
