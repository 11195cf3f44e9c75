#!/bin/bash
# SPDX-License-Identifier: MIT
# Checks of 1K OS from outside: what goes in, what comes out, how it ends, what it costs.
#   checks.sh MACHINE FOLDER [CHECK...]
# MACHINE is qemu (TCG, on any host) or kvm-vmm; FOLDER has os-1k.elf and os-1k-test.elf. Runs the
# named checks, by default all that MACHINE can do; status 0 when all hold.
set -u
export LC_ALL=C

usage_error() {
    echo "checks.sh: $1" >&2
    echo "usage: checks.sh qemu|kvm-vmm FOLDER [CHECK...]" >&2
    exit 2
}

(($# >= 2)) || usage_error "needs a machine and a folder"
machine=$1
elf=$2/os-1k.elf
test_elf=$2/os-1k-test.elf
shift 2
[[ -r $elf && -r $test_elf ]] || usage_error "no os-1k.elf and os-1k-test.elf in that folder"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
. "${BASH_SOURCE[0]%/*}/machine.sh"
. "${BASH_SOURCE[0]%/*}/kvm.sh"

# --- The checks: functions named check_NAME, failing with a reason. ---

check_boot() {
    want_session 0 >"$dir/want"
    boot "$elf" <<<0
    expect 0
}

check_programs() {
    local n
    for n in 1 2 4 5 6 7 8 9; do
        want_session $n 0 >"$dir/want"
        boot "$elf" < <(printf '%s\n0\n' $n)
        expect 0 || return
    done
}

check_echo() {
    { want_session 3; printf 'Hello, \tworld\nagain\n'; prompt; prompt 0; } >"$dir/want"
    boot "$elf" < <(printf '3\nHello, \tworld\nagainq\n0\n')
    expect 0
}

check_script() {
    want_session 1 5 8 9 0 >"$dir/want"
    boot "$elf" < <(printf '1\n5\n8\n9\n0\n')
    expect 0
}

check_line_editing() {
    {
        want_boot
        printf 'Select: 7\b \b5\n'
        want_program 5
        prompt '?'
        want_menu
        prompt nothing
        echo 'nothing: no such program, or no room for it; ls shows the files'
        prompt 0
    } >"$dir/want"
    boot "$elf" < <(printf '\b7\1775\r?\nnothing\n0\n')
    expect 0
}

check_files() {
    {
        want_boot
        prompt 'save note a  b'
        prompt 'cat note'
        echo 'a  b'
        prompt 'cat missing'
        echo 'cat: missing: no such file; ls shows the files'
        echo 'cat missing: status 1'
        prompt 'ls'
    } >"$dir/want"
    boot "$elf" < <(printf 'save note a  b\ncat note\ncat missing\nls\n0\n')
    local status=$?
    head -n "$(wc -l <"$dir/want")" "$dir/out" | cmp -s - "$dir/want" ||
        { fail "output differs: $(diff "$dir/want" "$dir/out" | head)"; return; }
    [[ $status = 0 ]] || { fail "status $status"; return; }
    [[ $(tail -n 2 "$dir/out") = $'     5 note\nSelect: 0' ]] ||
        fail "ls ends: $(tail -n 3 "$dir/out")"
}

check_ctrl_d() {
    { want_boot; prompt; } >"$dir/want"
    boot "$elf" < <(printf '\004')
    expect 0
}

# Bytes before the guest's first instruction, all through its boot, and long after its prompt.
check_input_any_time() {
    local i
    { want_session 3; seq -s '' 1 99; prompt; prompt 0; } >"$dir/want"
    {
        printf '3\n'
        for i in {1..99}; do
            printf %s "$i"
            sleep 0.01
        done
        printf 'q\n'
        sleep 1
        printf '0\n'
    } | boot "$elf"
    expect 0
}

check_flood() {
    awk 'BEGIN { srand(1); for (i = 1; i <= 10000; i++)
        printf "%c", i % 77 ? 97 + int(rand() * 16) : 10 }' >"$dir/flood"
    { want_session 3; cat "$dir/flood"; echo; prompt 0; } >"$dir/want"
    [[ $(wc -c <"$dir/flood") = 10000 ]] || { fail "the test's input is wrong"; return; }
    boot "$elf" < <(printf '3\n'; cat "$dir/flood"; printf 'q0\n')
    expect 0
}

# More than all the rings hold comes while nobody reads; no interrupt follows to tell of the rest.
check_type_ahead() {
    {
        want_boot
        prompt 'spin .'
        printf '%20s' '' | tr ' ' .
        prompt 3
        want_program 3
        seq 300
        echo
        prompt 0
    } >"$dir/want"
    boot "$test_elf" < <(printf 'spin .\n3\n'; seq 300; printf 'q0\n')
    expect 0
}

check_calls() {
    local name
    {
        want_boot
        for name in calls files; do
            prompt $name
            echo "$name: OK"
        done
        prompt 0
    } >"$dir/want"
    boot "$test_elf" < <(printf 'calls\nfiles\n0\n')
    expect 0
}

check_many_processes() {
    boot "$test_elf" < <(printf 'many\n0\n')
    local status=$?
    [[ $status = 0 ]] || { fail "status $status"; return; }
    grep -q 'many: 3000 processes, then 13 at once$' "$dir/out" || fail "$(tail -n 5 "$dir/out")"
}

# Neither program sleeps or yields: only the timer can take turns for them. One letter of each
# kind is the shell's, echoing the command.
check_time_slices() {
    local letters turns
    boot "$test_elf" < <(printf 'spin < &\nspin >\n\n0\n')
    local status=$?
    [[ $status = 0 ]] || { fail "status $status"; return; }
    letters=$(tr -cd '<>' <"$dir/out")
    [[ $(tr -d '>' <<<"$letters") = '<<<<<<<<<<<<<<<<<<<<<' &&
        $(tr -d '<' <<<"$letters") = '>>>>>>>>>>>>>>>>>>>>>' ]] ||
        { fail "letters: $letters"; return; }
    turns=$(tr -s '<>' <<<"$letters" | tr -d '\n' | wc -c)
    ((turns >= 20)) || fail "only $turns turns: $letters"
}

# Each kind: exception's name, then the error code and CR2 where they are to be known.
check_faults() {
    local line kind name details want=(
        'null:Page Fault (vector 14):error=00000006 cr2=00000000'
        'kernel:Page Fault (vector 14):error=00000005 cr2=80100000'
        'stack:Page Fault (vector 14):error=00000006 cr2=007f'
        'divide:Divide Error (vector 0):error=00000000'
        'privileged:General Protection (vector 13):error=00000000'
        'port:General Protection (vector 13):error=00000000'
        'vector:General Protection (vector 13):error=00000102'
        'invalid:Invalid Opcode (vector 6):error=00000000'
        'x87:Device Not Available (vector 7):error=00000000')
    boot "$test_elf" < <(printf 'spin x &\n'; printf 'fault %s\n' "${want[@]%%:*}"; printf '5\n0\n')
    local status=$?
    [[ $status = 0 ]] || { fail "status $status"; return; }
    tr -d x <"$dir/out" | grep -v '^\[2\] ended' >"$dir/seen" # without what comes of the spinner
    for line in "${want[@]}"; do
        IFS=: read -r kind name details <<<"${line//x/}"
        grep -qF "$name in user mode, pid " <(grep -A 1 "Select: fault $kind\$" "$dir/seen") ||
            { fail "fault $kind: no $name: $(grep -A 2 "fault $kind" "$dir/seen")"; return; }
        grep -qF "$details" <(grep -A 2 "Select: fault $kind\$" "$dir/seen") ||
            { fail "fault $kind: no $details"; return; }
        grep -q "^fault $kind: status 1[2-4][0-9]\$" "$dir/seen" ||
            { fail "fault $kind: the shell saw no status"; return; }
    done
    [[ $(grep -A 1 '^Select: 5' "$dir/seen" | tail -n 1) = "$(want_program 5)" ]] ||
        fail "the shell does not go on"
}

check_panic() {
    boot "$elf" --append=panic </dev/null
    local status=$?
    [[ $status = 33 ]] || { fail "status $status, not 33"; return; }
    grep -q '^Invalid Opcode (vector 6) in the kernel, pid 0 (idle)$' "$dir/out" &&
        [[ $(tail -n 1 "$dir/out") = 'Kernel panic: Invalid Opcode' ]] || fail "$(cat "$dir/out")"
}

# damage OFFSET BYTES: in a copy of the image, from the start of its archive.
damage() {
    local start
    start=$(grep -abo 'readme\.txt' "$elf" | head -n 1)
    cp "$elf" "$dir/damaged.elf"
    printf "$2" | dd of="$dir/damaged.elf" bs=1 seek=$((${start%%:*} + $1)) conv=notrunc status=none
}

check_damaged_archive() {
    local line offset bytes why want=(
        '100:7:0:wrong header checksum'        # mode, of the first file
        '257:X:0:no ustar header'              # magic
        '1124:9:1024:wrong header checksum'    # mode, of the second
        '0:\0:0:wrong header checksum')         # a name cut off is no end of the archive
    for line in "${want[@]}"; do
        IFS=: read -r offset bytes at why <<<"$line"
        damage "$offset" "$bytes"
        boot "$dir/damaged.elf" </dev/null
        local status=$?
        [[ $status = 33 ]] || { fail "$line: status $status, not 33"; return; }
        [[ $(tail -n 1 "$dir/out") = "Kernel panic: archive damaged at byte $at: $why" ]] ||
            { fail "$line: $(tail -n 1 "$dir/out")"; return; }
    done
}

[[ $machine != qemu ]] || type qemu-system-i386 >/dev/null 2>&1 ||
    { echo 'skip: no qemu-system-i386'; exit 77; }
prefixes=check_
[[ $machine != kvm-vmm ]] || prefixes='(kvm_)?check_'
names=("$@")
(($#)) || mapfile -t names < <(declare -F | grep -oE " ${prefixes}.*" | sed 's/^.*check_//')
bad=0
for name in "${names[@]}"; do
    check=check_$name
    declare -F "$check" >/dev/null || check=kvm_check_$name
    declare -F "$check" >/dev/null || usage_error "no check named $name"
    echo 'no reason given' >"$dir/reason"
    if "$check" </dev/null; then
        echo "ok      $machine $name"
    else
        echo "FAILED  $machine $name: $(cat "$dir/reason")"
        bad=1
    fi
done
exit $bad
