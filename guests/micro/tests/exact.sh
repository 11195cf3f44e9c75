#!/bin/sh
# SPDX-License-Identifier: MIT
# exact.sh LAB: where an instruction is a nanosecond, an operation costs the same number of
# instructions in every run, and a loop of known length exactly what it says.
set -u
lab=$1
failures=0

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# The first run after boot differs and is not looked at.
output=$("$lab" --exact -- sh -c '
    for run in first second third; do
        echo "run $run"
        kvm-vmm --testdev --timer-period=1ms guests/micro/micro-real.bin </dev/null
    done
    echo "run loop"
    for rounds in 10 30; do
        kvm-vmm --append n=$rounds guests/compute/loop.elf </dev/null
    done' </dev/null)
status=$?
[ $status -ne 125 ] || { echo "SKIP: the lab does not start here"; exit 77; }
[ $status -eq 0 ] || { echo "FAIL: the lab ended with status $status: $output"; exit 1; }

# "NAME MEDIAN" of each operation in one run; the waits for a tick are no instruction counts.
medians()
{
    echo "$output" | awk -v run="$1" '
        $1 == "run" { here = $2 == run }
        here && $1 == "op" && $2 !~ /^hlt-/ { print $2, $6 }'
}

second=$(medians second)
[ "$(echo "$second" | wc -l)" -eq 17 ] || fail "not 17 operations: $second"
[ "$second" = "$(medians third)" ] || fail "medians differ: $second / $(medians third)"

# 100,000 times add, dec, jnz a round; the lab kernel's own ticks add up to 3 %.
cycles()
{
    printf '%d' "$(echo "$output" | sed -n "s/^loop n=$1 cycles=\(0x[0-9a-f]*\) .*/\1/p")"
}
count=$(($(cycles 30) - $(cycles 10)))
[ $count -ge 6000000 ] && [ $count -le 6180000 ] ||
    fail "20 rounds of the loop: $count instructions, not 6,000,000 and a little"

echo "$second" | tr '\n' ' '
echo "loop: $count"
[ $failures -eq 0 ] && echo PASS
exit $((failures != 0))
