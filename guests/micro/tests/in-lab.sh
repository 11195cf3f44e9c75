#!/bin/sh
# SPDX-License-Identifier: MIT
# in-lab.sh LAB COMMAND...: the command on the reference machine, skipped where that does not start.
lab=$1
shift
output=$("$lab" --timeout=280 -- "$@" </dev/null)
status=$?
echo "$output"
if [ $status -eq 125 ] && [ -z "$output" ]; then
    echo "SKIP: the lab does not start here"
    exit 77
fi
exit $status
