#!/bin/bash
# SPDX-License-Identifier: MIT
# Statuses: the command's own, those of a shell, the lab's.
. "${BASH_SOURCE[0]%/*}/lib.sh"

# status EXPECTED NAME WORD...: the lab's, with these words
status() {
    local expected=$1 name=$2
    shift 2
    "$lab" "$@" </dev/null >out 2>err
    is "$name" "$expected" $?
}

status 125 'unknown option' --nonesuch
has 'hint' '--help' "$(cat err)"
status 125 'option without its value' --mem
status 125 'no such size' --mem=much true
status 125 'exact needs a command' --exact
status 125 'exact on two processors' --exact --smp=2 true
status 125 'QEMU inside, but not exact' --qemu true
status 125 'no such folder' --cwd=/nonesuch true
status 125 'no such kernel' --kernel=/nonesuch true
status 0 'help' --help

status 1 'the command failed' false
status 77 'the command skipped' sh -c 'exit 77'
status 127 'no such command' nonesuch
has 'which it says' nonesuch "$(cat err)"
status 137 'killed by a signal' sh -c 'kill -KILL $$'
status 124 'timeout' --timeout=1 sleep 60

status 125 'the machine dies' -v sh -c 'echo c >/proc/sysrq-trigger'
has 'and its last words are shown' 'Kernel panic' "$(cat err)"

mkdir -p build/lab && cp -r "$MINIKVM_BUILD/lab/kernel" build/lab/
truncate -s -1 build/lab/kernel/vmlinux
MINIKVM_BUILD=$work/build status 125 'the kernel is cut short' true
has 'hint' 'setup.sh' "$(cat err)"
finish
