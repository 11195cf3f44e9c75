#!/bin/bash
# SPDX-License-Identifier: MIT
# Several labs at once do not disturb each other.
. "${BASH_SOURCE[0]%/*}/lib.sh"

mkdir results1 results2
for n in 1 2; do
    echo "input $n" | "$lab" --results=results$n \
        sh -c 'cat; echo $0 >/tmp/mark; sleep 1; cat /tmp/mark >/results/mark' $n >out$n 2>&1 &
done
wait
for n in 1 2; do
    is "lab $n" "input $n $n" "$(cat out$n) $(cat results$n/mark)"
done
finish
