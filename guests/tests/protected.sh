#!/bin/bash
# SPDX-License-Identifier: MIT
# The protected-mode guests on kvm-vmm: exact output, status 33 (EXIT_OK of pm.inc).
. "${BASH_SOURCE[0]%/*}/common.sh"
. "$here/expected.sh"
need protected_paging iret irqchip
ok_status=33

# guest NAME ARGUMENT...: its output is pm-NAME.txt, its input stdin
guest() {
    run --timeout=30s "${@:2}" "$guests/tests/pm-$1.elf"
    expect_status "$1" $ok_status && expect_output "$1" "pm-$1.txt" || return
    if [ "${end[0]}" != debug-exit ] || [ "${exits[0]}" = 'inconsistent statistics' ]; then
        fail "$1" "ended by ${end[0]}, exits ${exits[0]}"
    else
        pass "$1"
    fi
}

for name in paging traps user timer; do
    guest $name </dev/null
done
guest serial < <(echo 'hello there')
guest serial < <(sleep 0.2; printf 'hello '; sleep 0.2; echo there)

# Ten ticks take ten periods, and the guest saw none twice.
run --timer-period=20ms "$guests/tests/pm-timer.elf" </dev/null
expect_status 'timer period' $ok_status && expect_output 'timer period' pm-timer.txt &&
    if ! jq -e '.vcpus[0].phases_ns | .exit - .first_entry >= 180e6' stats.json >/dev/null; then
        fail 'timer period' '10 ticks of 20 ms took less than 180 ms'
    else
        pass 'timer period'
    fi

# Keys: every byte value and more than the ring holds, echoed in order, before and after a pause.
{ head -c 5000 /dev/zero | tr '\0' x; seq 1 2000; } >keys
{ printf 'keys> '; cat keys; printf '\nkeyboard: OK\n'; } >pm-keyboard.txt
guest keyboard <keys
guest keyboard --input=keys </dev/null
guest keyboard < <(head -c 100 keys; sleep 0.3; tail -c +101 keys)
printf 'keys> \nkeyboard: OK\n' >pm-keyboard.txt
guest keyboard </dev/null

# A guest that is stopped: what it waited for.
run --timeout=1s "$guests/tests/pm-keyboard.elf" < <(sleep 3)
expect_status 'waiting' 124 &&
    expect_error 'waiting' 'halted, pic irr=.. isr=00 imr=fd, input 0 bytes waiting$' && pass 'waiting'

# What the loader hands over: memory, command line, modules with their strings and bytes.
printf aXYZ >one
head -c 5000 /dev/zero | tr '\0' '\1' >two
for memory in 4M 16M; do
    run --mem=$memory --append='key=value two words' --module=one --module=two \
        "$guests/tests/pm-info.elf" </dev/null
    upper_kib=$(((${memory%M} - 1) * 1024))
    if expect_status "info, $memory" $ok_status &&
        grep -qx 'magic: 2badb002' out &&
        grep -qE "^memory: (639|640) KiB below 1 MiB, $upper_kib KiB above$" out &&
        grep -qE '^command line: (.* )?key=value two words$' out && grep -qx 'modules: 2' out &&
        grep -qE '^module: (.*/)?one, 4 bytes, sum 364$' out &&
        grep -qE '^module: (.*/)?two, 5000 bytes, sum 5000$' out; then
        pass "info, $memory"
    else
        fail "info, $memory" 'it printed:'
        cat out
    fi
done

# Faults: status 1, what it printed before, and why.
run "$guests/tests/pm-triplefault.elf" </dev/null
echo 'about to fault' >wanted
expect_status 'triple fault' 1 && expect_output 'triple fault' wanted &&
    expect_error 'triple fault' 'triple fault' && pass 'triple fault'
run "$guests/tests/pm-nomem.elf" </dev/null
echo 'reading at 4 MiB' >wanted
expect_status 'read outside' 1 && expect_output 'read outside' wanted &&
    expect_error 'read outside' 'read of 4 bytes at 0x400000' && pass 'read outside'
printf 'reading at 4 MiB\nthere is memory\n' >pm-nomem.txt
guest nomem --mem=8M </dev/null

# Four at once, each its own memory, timer and output; a real-mode guest among them.
run "$guests/tests/pm-paging.elf" "$guests/tests/pm-timer.elf" "$guests/tests/pm-user.elf" \
    "$guests/hello.bin" </dev/null
i=0
expect_status 'four at once' $ok_status && for name in pm-paging pm-timer pm-user hello; do
    of_vcpu $i >lines
    if cmp -s $name.txt lines; then
        pass "four at once: $name"
    else
        fail 'four at once' "vCPU $i ($name) printed:"
        diff $name.txt lines
    fi
    i=$((i + 1))
done
exit $failed
