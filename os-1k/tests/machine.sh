# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Sourced by checks.sh: booting an image on a machine, and what is to be seen then. Uses its
# variables machine and dir.

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
    [[ $status = "$1" ]] ||
        { fail "status $status, not $1: $(tail -n 3 "$dir/err" "$dir/out")"; return; }
    cmp -s "$dir/want" "$dir/out" ||
        fail "output differs: $(diff "$dir/want" "$dir/out" | head -20)"
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
