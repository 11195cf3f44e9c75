#!/bin/bash
# SPDX-License-Identifier: MIT
# Input, ports in every width, ticks, the state a guest starts in.
. "${BASH_SOURCE[0]%/*}/common.sh"
need real_mode
t=$guests/tests

# prints NAME OUTPUT: status 0 and exactly this
prints() {
    printf '%s' "$2" >wanted
    expect_status "$1" 0 && expect_output "$1" wanted
}

# All 256 byte values, then 10,000 bytes in pieces with pauses, then nothing at all.
for ((i = 0; i < 256; i++)); do
    printf "\\x$(printf %x $i)"
done >bytes
seq 1 3000 | head -c 10000 >long
echo_test() {
    expect_status "$1" 0 && expect_output "$1" "$2" &&
        expect_exits "$1" 0 "KVM_EXIT_HLT=1 KVM_EXIT_IO=$((2 * $(wc -c <"$2") + 2))" && pass "$1"
}
run "$t/echo.bin" <bytes
echo_test 'echo: every byte' bytes
run --input=bytes "$t/echo.bin" </dev/null
echo_test 'echo: --input' bytes
run "$t/echo.bin" < <(head -c 255 long; sleep 0.2; tail -c +256 long | head -c 1; sleep 0.1
    tail -c +257 long)
echo_test 'echo: 10,000 bytes' long
: >nothing
run "$t/echo.bin" <nothing
echo_test 'echo: no input' nothing

# COM1 by polling.
run "$t/com1.bin" < <(sleep 0.1; echo ping)
prints 'COM1' $'COM1> ping\nCOM1: OK\n' && pass 'COM1'

# Every width and the string instructions. An emulating KVM exits for each byte of a string,
# hardware once for all of them: the accesses are what must be exact.
run "$t/ports.bin" </dev/null
accesses=$(jq -r '[.vcpus[0].io[] | "\(.port) \(.direction) \(.size) \(.count)"] | sort | .[]' \
    stats.json)
hypercalls=$' OUT to the hypercall port\nsignature\nrep ins\n debug console\nCOM1 registers\n'
wanted_accesses="0x3f8 out 1 19
0x3f8 out 2 1
0x3f8 out 4 1
0x3fd in 1 1
0x3ff in 1 1
0x3ff out 1 1
0x500 in 1 4
0x500 in 2 4
0x500 in 4 4
0x500 out 1 $((1 + ${#hypercalls} + 1))
0x500 out 2 1
0x500 out 4 1
0xe9 out 1 32"
prints 'ports' 'bwl OUT to the hypercall port
signature
rep outsb to the debug console
rep outsb to COM1
wl
rep ins
! debug console
COM1 registers
' && if [ "$accesses" = "$wanted_accesses" ]; then
    pass 'ports'
else
    fail 'ports' 'other accesses than expected:'
    diff <(echo "$wanted_accesses") <(echo "$accesses")
fi

# The debug-exit port in three widths: status 21 * 2 + 1, and nothing after it.
for width in 1 2 4; do
    run "$t/debugexit-$width.bin" </dev/null
    : >wanted
    expect_status "debug exit, $width" 43 && expect_output "debug exit, $width" wanted &&
        expect_exits "debug exit, $width" 0 'KVM_EXIT_IO=1' && pass "debug exit, $width"
done

# Ticks through the vector table: one handler run, one HLT exit each.
run "$t/tick.bin" </dev/null
prints 'ticks' $'ticks: 5\n' &&
    expect_exits 'ticks' 0 'KVM_EXIT_HLT=6 KVM_EXIT_IO=9' && pass 'ticks'

run "$t/selfcheck.bin" </dev/null
prints 'self check' $'self check: OK\n' &&
    expect_exits 'self check' 0 'KVM_EXIT_HLT=1 KVM_EXIT_IO=15' && pass 'self check'
exit $failed
