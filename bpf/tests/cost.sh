#!/bin/sh
# SPDX-License-Identifier: MIT
# What tracing costs, in instructions an OUT exit, on the exact machine: BUILD LAB
# kvm-floor is a bare KVM_RUN loop; what kvm-exits adds to it must stay within these limits.
counts_limit=250 # --event=user --counts: a count by reason
spans_limit=900  # --event=exit,user: three tracepoints, counts, times and histograms

exits=20000
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2016 # expanded in the lab
"$2" --exact --timeout=300 -- sh -c '
    echo "== exact"
    floor="kvm-floor '$exits' 0"
    $floor >/dev/null
    echo "floor $($floor)"
    echo "counts $(kvm-exits --no-cost -o /tmp/counts --event=user --counts -- $floor)"
    echo "spans $(kvm-exits --no-cost -o /tmp/spans --event=exit,user -- $floor)"
    cat /tmp/counts /tmp/spans' >"$log" 2>&1 </dev/null
status=$?
cat "$log"
if [ $status -eq 125 ] && ! grep -q '^== exact' "$log"; then
    echo "SKIP: the lab does not start here"
    exit 77
fi
[ $status -eq 0 ] || exit 1

# per_exit NAME: instructions, from "NAME REASON COUNT NS"
per_exit() {
    awk -v name="$1" '$1 == name && $3 > 0 { printf "%.0f\n", $4 / $3 }' "$log"
}

floor=$(per_exit floor) counts=$(per_exit counts) spans=$(per_exit spans)
if [ -z "$floor" ] || [ -z "$counts" ] || [ -z "$spans" ]; then
    echo "FAIL: not all three were measured"
    exit 1
fi
echo "an OUT exit: $floor instructions"
echo "counting adds $((counts - floor)), spans add $((spans - floor))"
[ "$(grep -c "^KVM_EXIT_IO  *$exits " "$log")" -eq 2 ] || {
    echo "FAIL: not $exits exits counted"
    exit 1
}
if [ $((counts - floor)) -gt $counts_limit ] || [ $((spans - floor)) -gt $spans_limit ]; then
    echo "FAIL: the limits are $counts_limit and $spans_limit"
    exit 1
fi
[ $((counts - floor)) -gt 0 ] || {
    echo "FAIL: nothing was added: was it traced?"
    exit 1
}
