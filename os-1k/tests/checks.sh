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

# fail REASON: also from a subshell
fail() {
    echo "$1" >"$dir/reason"
    return 1
}

# boot IMAGE [OPTION...]: stdin to the guest, its output to $dir/out; OPTIONs are the machine's.
boot_qemu() {
    local image=$1 append=()
    shift
    [[ ${1-} != --append=* ]] || append=(-append "${1#*=}")
    timeout 60 qemu-system-i386 -accel tcg -kernel "$image" -m 4 -nodefaults -display none \
        -serial stdio -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=4 "${append[@]}" \
        >"$dir/out" 2>"$dir/err"
}

boot_kvm_vmm() {
    local image=$1
    shift
    timeout 60 kvm-vmm "$@" "$image" >"$dir/out" 2>"$dir/err"
}

boot() { "boot_${machine//-/_}" "$@"; }

# expect STATUS: the status of the last command, and $dir/out equal to $dir/want.
expect() {
    local status=$?
    [[ $status = "$1" ]] || { fail "status $status, not $1: $(tail -n 3 "$dir/err" "$dir/out")"; return; }
    cmp -s "$dir/want" "$dir/out" || fail "output differs: $(diff "$dir/want" "$dir/out" | head -20)"
}

# --- What is to be seen: the texts of the specification; the programs' output by other means. ---

want_boot() {
    cat <<'EOF'
=== 1K OS x86 ===
Booting in Protected Mode with Paging...
Interrupt handlers registered
  Timer (IRQ 0, vector 0x20)
  Keyboard (IRQ 1, vector 0x21)
Filesystem initialized
Created idle process (pid=0)
Created shell process (pid=1)
=== Kernel Initialization Complete ===
Starting shell process (PID 1)...

EOF
    want_menu
}

want_menu() {
    cat <<'EOF'
=== 1K OS Menu ===
  1. Multiplication (2x1 ~ 9x9)     6. Primes up to 100
  2. Counter (0-9)                  7. ASCII art
  3. Echo (until 'q')               8. Factorial (0! to 12!)
  4. About 1K OS                    9. GCD (Euclid)
  5. Fibonacci (up to 89)           0. Exit
EOF
}

want_program() {
    case $1 in
    1) for a in {2..9}; do for b in {1..9}; do echo "$a x $b = $((a * b))"; done; done ;;
    2) seq -s ' ' 0 9 ;;
    3) printf "Type; 'q' ends.\n" ;;
    4) cat <<'EOF'
1K OS: a kernel of about 1,000 lines for 32-bit x86, part of Mini-KVM
  protected mode, 4 MiB pages, kernel at 0x80000000, programs in ring 3
  timer-driven round robin, system calls by int 0x80, ustar file system
  this is process 2
EOF
        ;;
    5) echo 0 1 1 2 3 5 8 13 21 34 55 89 ;;
    6) seq 2 100 | factor | awk 'NF == 2 { printf "%s%s", s, $2; s = " " } END { print "" }' ;;
    7) # Pascal's triangle, where it is odd; the original's row y counts from the bottom up
        awk 'BEGIN {
            for (n = 0; n < 16; n++) {
                line = sprintf("%*s", 15 - n, "")
                for (k = n; k >= 0; k--) c[k] = (k == 0 || k == n) ? 1 : c[k] + c[k - 1]
                for (k = 0; k <= n; k++) line = line (c[k] % 2 ? "* " : "  ")
                sub(/ +$/, "", line)
                print line
            }
        }' ;;
    8) awk 'BEGIN { for (n = p = 1; n <= 13; p *= n++) printf "%d! = %d\n", n - 1, p }' ;;
    9) cat <<'EOF'
gcd(48, 18) = gcd(18, 12) = gcd(12, 6) = 6
gcd(1071, 462) = gcd(462, 147) = gcd(147, 21) = 21
gcd(17, 5) = gcd(5, 2) = gcd(2, 1) = 1
gcd(1000000, 4096) = gcd(4096, 576) = gcd(576, 64) = 64
EOF
        ;;
    esac
}

prompt() { printf 'Select: %s\n' "${1-}"; }

# want_session LINE...: the whole console, each line a program's digit or 0.
want_session() {
    local line
    want_boot
    for line; do
        prompt "$line"
        [[ $line = 0 ]] || want_program "$line"
    done
}

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
    [[ $(tail -n 2 "$dir/out") = $'     5 note\nSelect: 0' ]] || fail "ls ends: $(tail -n 3 "$dir/out")"
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

# Neither program sleeps or yields: only the timer can take turns for them.
check_time_slices() {
    local letters turns
    boot "$test_elf" < <(printf 'spin A &\nspin B\n\n0\n')
    local status=$?
    [[ $status = 0 ]] || { fail "status $status"; return; }
    letters=$(sed -n '/^Select: spin B/,$p' "$dir/out" | tail -n +2 | tr -cd AB)
    [[ $(tr -cd A <<<"$letters" | wc -c) -ge 19 && $(tr -cd B <<<"$letters" | wc -c) = 20 ]] ||
        { fail "letters: $letters"; return; }
    turns=$(tr -s AB <<<"$letters" | tr -d '\n' | wc -c)
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
    tr -d x <"$dir/out" >"$dir/seen" # the spinner's, which lives through all of them
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

# --- kvm-vmm only: what it can tell, or QEMU has not. ---

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
    grep -q 'damaged ELF: a segment lies outside the file' "$dir/err" || { fail "half an ELF: $(cat "$dir/err")"; return; }
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

# Uptime against the VMM's clock. ticks.c marks 50 ticks and those 1,000 later, around the longest
# time without an exit. A busy host delivers single ticks late; the most punctual of each fifty are
# compared.
kvm_check_ticks() {
    local elapsed_ns lost
    boot "$test_elf" --trace-file="$dir/trace" --stats=json --stats-file="$dir/stats" \
        < <(printf 'ticks\n0\n') || { fail "status $?"; return; }
    elapsed_ns=$(awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == "return_ns") column = i }
        NR > 1 { t[++n] = $column; if (n < 3) gap = n; else if (t[n] - t[n - 1] > t[gap] - t[gap - 1]) gap = n }
        function punctual(first,    i, best) { # first + i is due 10 ms * i later
            best = t[first]
            for (i = 1; i < 50; i++) if (t[first + i] - i * 1e7 < best) best = t[first + i] - i * 1e7
            return best
        }
        END { printf "%.0f", punctual(gap) - punctual(gap - 50) }' "$dir/trace")
    lost=$(exits "$dir/stats" '.vcpus[0].ticks_lost')
    [[ $lost = 0 ]] || { fail "$lost ticks lost"; return; }
    ((elapsed_ns >= 9990000000 && elapsed_ns <= 10010000000)) || fail "1,000 ticks took $elapsed_ns ns"
}

[[ $machine != qemu ]] || type qemu-system-i386 >/dev/null 2>&1 ||
    { echo 'skip: no qemu-system-i386'; exit 77; }
prefixes=check_
[[ $machine != kvm-vmm ]] || prefixes='(kvm_)?check_'
(($#)) || set -- $(declare -F | awk '{ print $3 }' | grep -E "^${prefixes}" | sed 's/^.*check_//')
bad=0
for name; do
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
