#!/bin/bash
# SPDX-License-Identifier: MIT
# All tests of guests on the reference machine, in one boot: there every guest runs under hardware
# virtualization (SVM), whatever this host can do. Usage: lab.sh KVM_VMM GUESTS_FOLDER LAB
here=$(dirname "$(realpath "$0")")
build=$(realpath "$2/..")
log=$(mktemp)
trap 'rm -f "$log"' EXIT

MINIKVM_BUILD=$build "$3" --timeout=560 -- bash -c '
    failed=0
    for test in exact parallel faults io protected; do
        echo "== $test"
        "$0/$test.sh" "$1" "$2" || failed=1 # a skip is a failure here: the lab can do it all
    done
    exit $failed' "$here" "$(realpath "$1")" "$(realpath "$2")" </dev/null 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
if [ "$status" -eq 125 ] && ! grep -q '^== exact' "$log"; then
    echo 'skip: the lab does not start here'
    exit 77
fi
exit "$status"
