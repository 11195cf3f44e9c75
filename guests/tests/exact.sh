#!/bin/bash
# SPDX-License-Identifier: MIT
# The six guests, one at a time: exact output, exact exits, sizes.
. "${BASH_SOURCE[0]%/*}/common.sh"
. "$here/expected.sh"
need real_mode

# guest NAME EXITS ARGUMENT...
guest() {
    local name=$1
    run "${@:3}" "$guests/$name.bin" </dev/null
    expect_status "$name" 0 && expect_output "$name" "$name.txt" &&
        expect_exits "$name" 0 "$2" && pass "$name: $2"
}

printf 'ping\n' >ping
guest minimal 'KVM_EXIT_HLT=1'
guest hello 'KVM_EXIT_HLT=1 KVM_EXIT_IO=12'
guest counter 'KVM_EXIT_HLT=1450 KVM_EXIT_IO=11' --timer-period=1ms
guest fibonacci "KVM_EXIT_HLT=1 KVM_EXIT_IO=$(bytes_of fibonacci.txt)"
guest multiplication "KVM_EXIT_HLT=1 KVM_EXIT_IO=$(bytes_of multiplication.txt)"
guest hctest "KVM_EXIT_IO=$(($(bytes_of hctest.txt) + 5 + 1))" --input=ping

# Every tick is a whole period after the one before, none early.
run --timer-period=1ms "$guests/counter.bin" </dev/null
took_ns=$(jq '.vcpus[0].phases_ns | .exit - .first_entry' stats.json)
if ((took_ns < 1449000000)); then
    fail 'counter: ticks' "1450 ticks of 1 ms took $took_ns ns"
else
    pass 'counter: 1450 ticks of 1 ms'
fi

# The end of input instead of a line: one GETCHAR.
hctest '' >hctest.txt
guest hctest "KVM_EXIT_IO=$(($(bytes_of hctest.txt) + 1 + 1))"

if [ "$(bytes_of "$guests/minimal.bin")" -eq 1 ]; then
    pass 'minimal: 1 byte'
else
    fail minimal "$(bytes_of "$guests/minimal.bin") bytes, expected 1"
fi
exit $failed
