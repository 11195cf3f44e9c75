#!/bin/bash
# SPDX-License-Identifier: MIT
# Several guests at once, in both layouts: nobody's output, exits or memory is another's.
. "${BASH_SOURCE[0]%/*}/common.sh"
. "$here/expected.sh"
need real_mode

# expect_guest NAME VCPU GUEST: its lines, behind its prefix and whole
expect_guest() {
    of_vcpu "$2" >lines
    { cat "$3.txt"; [ "$3" != counter ] || echo; } >wanted # the console ends a last line itself
    cmp -s wanted lines && return
    fail "$1" "vCPU $2 ($3) printed:"
    diff wanted lines | head -20
    return 1
}

# expect_prefixes NAME: no line without one
expect_prefixes() {
    ! grep -qvE '^\[vCPU [0-3]\] ' out && return
    fail "$1" 'lines without a prefix:'
    grep -vE '^\[vCPU [0-3]\] ' out | head -5
    return 1
}

# four NAME LAYOUT EXITS_OF_EACH GUEST...
four() {
    local name=$1 layout=$2 i=0 guest ok=1
    local -n wanted_exits=$3
    run --layout="$layout" --timer-period=1ms "${@:4:4}" </dev/null
    expect_status "$name" 0 && expect_prefixes "$name" || ok=0
    for guest in "${@:4:4}"; do
        guest=$(basename "$guest" .bin)
        expect_guest "$name" $i "$guest" &&
            expect_exits "$name" $i "${wanted_exits[$guest]}" || ok=0
        i=$((i + 1))
    done
    ((ok)) && pass "$name"
}

declare -A exits_of=(
    [minimal]='KVM_EXIT_HLT=1'
    [hello]='KVM_EXIT_HLT=1 KVM_EXIT_IO=12'
    [counter]='KVM_EXIT_HLT=1450 KVM_EXIT_IO=11'
    [fibonacci]="KVM_EXIT_HLT=1 KVM_EXIT_IO=$(bytes_of fibonacci.txt)"
    [multiplication]="KVM_EXIT_HLT=1 KVM_EXIT_IO=$(bytes_of multiplication.txt)"
    [tick]='KVM_EXIT_HLT=6 KVM_EXIT_IO=9'
)
printf 'ticks: 5\n' >tick.txt
g=$guests
for layout in isolated shared; do
    four "four different, $layout" $layout exits_of \
        "$g/counter.bin" "$g/hello.bin" "$g/multiplication.bin" "$g/fibonacci.bin"
    four "four times the same, $layout" $layout exits_of \
        "$g/multiplication.bin" "$g/multiplication.bin" \
        "$g/multiplication.bin" "$g/multiplication.bin"
    four "ticks through each guest's own vectors, $layout" $layout exits_of \
        "$g/hello.bin" "$g/tests/tick.bin" "$g/minimal.bin" "$g/tests/tick.bin"
done

# Input: the k-th --input goes to the k-th guest.
for word in one two three four; do
    echo $word >$word
done
run --input=one --input=two --input=three --input=four \
    "$g/hctest.bin" "$g/hctest.bin" "$g/hctest.bin" "$g/hctest.bin" </dev/null
i=0
expect_status 'an input each' 0 && for word in one two three four; do
    hctest $word >hctest.txt
    expect_guest 'an input each' $i hctest && expect_exits 'an input each' $i \
        "KVM_EXIT_IO=$(($(bytes_of hctest.txt) + ${#word} + 1 + 1))" && pass "input of vCPU $i"
    i=$((i + 1))
done

# Long lines may be cut, but a line never holds two guests' bytes, and none is lost.
run "$g/tests/longline-a.bin" "$g/tests/longline-b.bin" "$g/tests/longline-a.bin" \
    "$g/tests/longline-b.bin" </dev/null
if expect_status 'long lines' 0 && expect_prefixes 'long lines'; then
    for i in 0 1 2 3; do
        letter=a
        ((i % 2)) && letter=b
        count=$(of_vcpu $i | tr -d '\n' | wc -c)
        if [ "$count" -ne 10000 ] || of_vcpu $i | grep -q "[^$letter]"; then
            fail 'long lines' "vCPU $i: $count bytes, or others than $letter"
        else
            pass "long lines: vCPU $i"
        fi
    done
fi

# Each writes over all it can reach and looks, tick after tick, whether it is still there.
for layout in isolated shared; do
    run --layout=$layout "$g"/tests/isolation-[1-4].bin </dev/null
    if expect_status "isolation, $layout" 0; then
        if [ "$(grep -c 'isolation: OK' out)" -eq 4 ]; then
            pass "isolation, $layout"
        else
            fail "isolation, $layout" "$(cat out)"
        fi
    fi
done

# One guest's fault is its own; the status is the worst.
run "$g/tests/nomem-write.bin" "$g/multiplication.bin" "$g/tests/triplefault.bin" \
    "$g/fibonacci.bin" </dev/null
if expect_status 'faults beside' 1 && expect_guest 'faults beside' 1 multiplication &&
    expect_guest 'faults beside' 3 fibonacci &&
    expect_error 'faults beside' 'guest 0 .*outside its memory' &&
    expect_error 'faults beside' 'guest 2 .*triple fault'; then
    pass 'faults beside'
fi
exit $failed
