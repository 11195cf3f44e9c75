#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs another test on the reference machine: BUILD LAB TEST
"$2" --timeout=500 -- sh -c 'echo "== lab"; exec "$0" "$1"' "$(dirname "$0")/$3" "$1" >"$1/$3.lab-log" 2>&1 </dev/null
status=$?
cat "$1/$3.lab-log"
if [ $status -eq 125 ] && ! grep -q '^== lab' "$1/$3.lab-log"; then
    echo "SKIP: the lab does not start here"
    status=77
fi
rm -f "$1/$3.lab-log"
exit $status
