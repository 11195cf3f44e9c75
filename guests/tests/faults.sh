#!/bin/bash
# SPDX-License-Identifier: MIT
# Guests that misbehave: each ends with its status, its reason, registers and instruction bytes.
. "${BASH_SOURCE[0]%/*}/common.sh"
need real_mode

# After a triple fault AMD's processors keep nothing of the guest's state: KVM shows them reset.
code='[0-9a-f]{8}: ([0-9a-f]{2} ?){16}$'
declare -A code_of=(['triple fault']="($code|fffffff0: not in guest memory)")

# fault NAME REASON EXITS ARGUMENT...: status 1, nothing printed
fault() {
    run "${@:4}" </dev/null
    : >nothing
    expect_status "$1" 1 && expect_output "$1" nothing && expect_error "$1" "$2" &&
        expect_error "$1" 'eip=' && expect_error "$1" "code at ${code_of[$1]:-$code}" &&
        expect_exits "$1" 0 "$3" || return
    if [ "${end[0]}" != fault ]; then
        fail "$1" 'the statistics do not call it a fault'
        return
    fi
    pass "$1"
}

t=$guests/tests
fault 'triple fault' 'triple fault' 'KVM_EXIT_SHUTDOWN=1' "$t/triplefault.bin"
fault 'unknown hypercall' 'unknown hypercall 0x7f' 'KVM_EXIT_IO=1' "$t/badcall.bin"
fault 'read outside' 'read of 1 bytes at 0x40000' 'KVM_EXIT_MMIO=1' "$t/nomem-read.bin"
fault 'write outside' 'write of 1 bytes at 0x40000' 'KVM_EXIT_MMIO=1' "$t/nomem-write.bin"
fault 'write half outside' 'write of 1 bytes at 0x40000' 'KVM_EXIT_MMIO=1' "$t/nomem-straddle.bin"
fault 'unknown port, strict' 'port 0x1234' 'KVM_EXIT_IO=1' --strict-io "$t/badport.bin"

# What lies outside depends on --mem alone.
run --mem=512K "$t/nomem-straddle.bin" </dev/null
expect_status 'the same with --mem=512K' 0 && pass 'the same with --mem=512K'

# Otherwise ports nobody answers read as all ones and are counted.
echo 'unknown port: OK' >badport.txt
run "$t/badport.bin" </dev/null
if expect_status 'unknown port' 0 && expect_output 'unknown port' badport.txt &&
    expect_exits 'unknown port' 0 'KVM_EXIT_HLT=1 KVM_EXIT_IO=23'; then
    if [ "${unhandled[0]}" -eq 6 ]; then
        pass 'unknown port'
    else
        fail 'unknown port' "unhandled_io is ${unhandled[0]}, not 6"
    fi
fi

# A guest that never leaves.
run --timeout=200ms "$t/spin.bin" </dev/null
if expect_status 'spin' 124; then
    [ "${end[0]}" = timeout ] && pass 'spin' || fail 'spin' "it ended by ${end[0]}"
fi

# What it printed before must have come out long before the end, newline or not.
mkfifo pipe
"$vmm" --timeout=20s "$t/partial.bin" </dev/null >pipe 2>/dev/null &
pid=$!
exec 3<pipe
if read -r -t 10 -N 10 text <&3 && [ "$text" = 'no newline' ]; then
    pass 'partial line while the guest spins'
else
    fail 'partial line' "read '$text'"
fi
kill $pid
wait $pid
exec 3<&-
exit $failed
