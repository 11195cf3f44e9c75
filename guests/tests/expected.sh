# SPDX-License-Identifier: MIT
# What the six guests must print, computed here and not by them. Sourced; writes NAME.txt.

: >minimal.txt
printf 'Hello, KVM!\n' >hello.txt
printf '0123456789' >counter.txt

fibonacci() {
    local this=0 next=1 line=''
    while ((this < 100)); do
        line+=" $this"
        ((next += this, this = next - this))
    done
    echo "${line# }"
}
fibonacci >fibonacci.txt

multiplication() {
    local a b
    for a in {2..9}; do
        for b in {1..9}; do
            echo "$a x $b = $((a * b))"
        done
    done
}
multiplication >multiplication.txt

# hctest INPUT_LINE
hctest() { printf 'Hypercall test\nType a line: %s\nHypercall test: OK\n' "$1"; }
hctest ping >hctest.txt

bytes_of() { wc -c <"$1"; }

# The protected-mode guests that print the same everywhere.
cat >pm-paging.txt <<'END'
paging on
alias at 0x80000000
code and stack in the higher half
#PF on an absent page
#PF on a read-only page
paging off
END
cat >pm-traps.txt <<'END'
int and iret
#BP after int3
#UD at ud2
#DE at a division by 0
#GP with the selector for an error code
#GP at an empty gate
END
cat >pm-user.txt <<'END'
hello from privilege level 3
#GP at cli, hlt, in and mov cr3
#GP at a gate of the kernel
#PF at a page of the kernel
END
printf 'timer: 100 Hz\n10 ticks\n' >pm-timer.txt
printf 'COM1> hello there\nCOM1: OK\n' >pm-serial.txt
