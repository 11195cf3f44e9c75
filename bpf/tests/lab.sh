#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs another test on the reference machine: BUILD LAB TEST
log=$(mktemp)
trap 'rm -f "$log"' EXIT
test=$(cd "$(dirname "$0")" && pwd)/$3
"$2" --timeout=500 -- sh -c 'echo "== lab"; exec "$0" "$1"' "$test" "$1" >"$log" 2>&1 </dev/null
status=$?
cat "$log"
if [ $status -eq 125 ] && ! grep -q '^== lab' "$log"; then
    echo "SKIP: the lab does not start here"
    status=77
fi
exit $status
