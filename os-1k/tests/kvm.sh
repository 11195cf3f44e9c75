# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Sourced by checks.sh: what kvm-vmm can tell, or QEMU has not. Functions named kvm_check_NAME.

kvm_check_end_of_input() {
    { want_boot; prompt; } >"$dir/want"
    boot "$elf" </dev/null
    expect 0 || return
    { want_session 5; prompt; } >"$dir/want"
    boot "$elf" < <(printf 5) # a last line without its end
    expect 0 || return
    { want_session 3; printf 'abc\n'; prompt; } >"$dir/want"
    boot "$elf" < <(printf '3\nabc') # in a program: it ends, then the shell does
    expect 0
}

kvm_check_damaged_elf() {
    local status
    head -c 20000 "$elf" >"$dir/damaged.elf"
    boot "$dir/damaged.elf" </dev/null
    status=$?
    ((status != 0)) || { fail "half an ELF: status 0"; return; }
    grep -q 'damaged ELF: a segment lies outside the file' "$dir/err" ||
        { fail "half an ELF: $(cat "$dir/err")"; return; }
    { head -c 8192 "$elf" | sed 's/\x02\xb0\xad\x1b/\x03\xb0\xad\x1b/'; tail -c +8193 "$elf"; } \
        >"$dir/damaged.elf"
    boot "$dir/damaged.elf" </dev/null
    status=$?
    ((status != 0)) && [[ ! -s $dir/out ]] && grep -q 'Multiboot' "$dir/err" ||
        fail "no Multiboot magic: status $status: $(cat "$dir/err")"
}

# Four at once, each with its own input: no output is torn, none is another's.
kvm_check_four_at_once() {
    local i scripts=('1 5 0' '6 8 0' '9 7 2 0' '8 8 1 0')
    for i in 0 1 2 3; do printf '%s\n' ${scripts[i]} >"$dir/in$i"; done
    timeout 60 kvm-vmm --color=never --input="$dir"/in{0,1,2,3} "$elf" "$elf" "$elf" "$elf" \
        >"$dir/all" 2>"$dir/err" </dev/null
    local status=$?
    [[ $status = 0 ]] || { fail "status $status: $(cat "$dir/err")"; return; }
    for i in 0 1 2 3; do
        want_session ${scripts[i]} >"$dir/want"
        sed -n "s/^\[vCPU $i\] //p" "$dir/all" >"$dir/out"
        cmp -s "$dir/want" "$dir/out" ||
            { fail "guest $i: $(diff "$dir/want" "$dir/out" | head)"; return; }
    done
}

# Ctrl-C at the prompt, while everything sleeps.
kvm_check_interrupt() {
    local i status
    sleep 20 | kvm-vmm "$elf" >"$dir/out" 2>"$dir/err" &
    for ((i = 0; i < 100; i++)); do
        grep -q 'Select: $' "$dir/out" && break
        sleep 0.1
    done
    kill -INT $!
    wait $!
    status=$?
    [[ $status = 130 ]] || fail "status $status, not 130: $(cat "$dir/err")"
}

# The pages between the kernel's end and the memory's are few here; too few for the shell there.
kvm_check_memory() {
    want_session 1 0 >"$dir/want"
    boot "$elf" --mem=1280K < <(printf '1\n0\n')
    expect 0 || return
    want_session 1 0 >"$dir/want"
    boot "$elf" --mem=64M < <(printf '1\n0\n')
    expect 0 || return
    boot "$elf" --mem=1176K </dev/null
    local status=$?
    [[ $status = 33 && $(tail -n 1 "$dir/out") = 'Kernel panic: no shell: '*'out of memory' ]] ||
        fail "1176 KiB: status $status: $(tail -n 1 "$dir/out")"
}

# exits STATS-FILE [JQ-FILTER]
exits() { jq "${2:-.vcpus[0].kvm_runs}" "$1"; }

# typed COUNT: the exits of a session with that many keys, one by one, to the echo program.
typed() {
    { printf '3\n'; sleep 0.5; for ((i = 0; i < $1; i++)); do printf k; sleep 0.05; done; } |
        boot "$elf" --stats=json --stats-file="$dir/stats"
    local status=$?
    [[ $status = 0 ]] || { fail "status $status"; return; }
    exits "$dir/stats"
}

# At most GETCHAR with the byte, GETCHAR with none, and the echo.
kvm_check_exits_per_key() {
    local none twenty
    none=$(typed 0) && twenty=$(typed 20) || return
    ((twenty - none <= 60 && twenty - none >= 40)) || fail "20 keys: $((twenty - none)) exits"
}

kvm_check_piped_exits() {
    { printf '3\n'; head -c 10000 /dev/zero | tr '\0' x; } >"$dir/in"
    boot "$elf" --stats=json --stats-file="$dir/stats" --input="$dir/in"
    local status=$? ports
    [[ $status = 0 ]] || { fail "status $status"; return; }
    ports=$(exits "$dir/stats" '[.vcpus[0].exits[] | select(.reason == "KVM_EXIT_IO").count] | add')
    ((ports >= 20000 && ports <= 31000)) || fail "10,000 bytes: $ports port exits"
}

# One exit for each byte written, and four: signature, GETCHAR with none, GETCHAR at the end, EXIT.
# The first GETCHAR starts the VMM's input thread; that may be quick enough to spare the second.
kvm_check_boot_exits() {
    local bytes runs
    boot "$elf" --stats=json --stats-file="$dir/stats" </dev/null || { fail "status $?"; return; }
    bytes=$(wc -c <"$dir/out")
    runs=$(exits "$dir/stats" '[.vcpus[0].exits[] | select(.code >= 0).count] | add')
    ((runs == bytes + 4 || runs == bytes + 3)) || fail "$bytes bytes written, $runs exits"
}

# idle SECONDS: the exits of a session that waits so long at the prompt.
idle() {
    sleep "$1" | boot "$elf" --stats=json --stats-file="$dir/stats" || { fail "status $?"; return; }
    exits "$dir/stats"
}

# Waiting costs no exit to the VMM: the timer's interrupts go in through the kernel.
kvm_check_idle_exits() {
    local one three
    one=$(idle 1) && three=$(idle 3) || return
    ((three - one <= 2)) || fail "two idle seconds: $((three - one)) exits"
}

# Sets lost and elapsed_ns of a run of ticks.c, which marks 50 ticks and those 1,000 later, around
# the longest time without an exit. A busy host delivers single ticks late; the most punctual of
# each fifty are compared.
run_ticks() {
    boot "$test_elf" --trace-file="$dir/trace" --stats=json --stats-file="$dir/stats" \
        < <(printf 'ticks\n0\n') || { fail "status $?"; return; }
    lost=$(exits "$dir/stats" '.vcpus[0].ticks_lost')
    elapsed_ns=$(awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == "return_ns") column = i }
        NR > 1 { t[++n] = $column; if (n < 3 || t[n] - t[n - 1] > t[gap] - t[gap - 1]) gap = n }
        function punctual(first,    i, start, best) { # the mark first + i is due i * 10 ms later
            for (i = 0; i < 50; i++) {
                start = t[first + i] - i * 1e7
                if (i == 0 || start < best) best = start
            }
            return best
        }
        END { printf "%.0f", punctual(gap) - punctual(gap - 50) }' "$dir/trace")
}

# Uptime against the VMM's clock. A host that stalls for over a second costs ticks, and the VMM says
# so: such a run is made again, twice at most.
kvm_check_ticks() {
    local lost elapsed_ns try
    for try in 1 2 3; do
        run_ticks || return
        ((lost > 0)) || break
    done
    ((lost == 0)) || { fail "$lost ticks lost, and some in each of $try runs"; return; }
    ((elapsed_ns >= 9990000000 && elapsed_ns <= 10010000000)) ||
        fail "1,000 ticks took $elapsed_ns ns"
}
