#!/bin/bash
# SPDX-License-Identifier: MIT
# However a lab is ended, no process and no file of it remains.
. "${BASH_SOURCE[0]%/*}/lib.sh"
export LAB_TEST_MARK=mark$$

# Processes with our mark in their environment, this shell and its own children apart.
ours() {
    grep -lsz "^LAB_TEST_MARK=$LAB_TEST_MARK\$" /proc/[0-9]*/environ | cut -d/ -f3 |
        grep -vx -e $$ -e $BASHPID | while read -r pid; do
        cat "/proc/$pid/comm" 2>/dev/null
    done | grep -vx -e grep -e cut -e cat -e kill.sh
}

# ended_by SIGNAL STATUS
ended_by() {
    local pid tries
    rm -f out
    env LAB_TEST_MARK="$LAB_TEST_MARK" "$lab" sh -c 'echo up; sleep 60' </dev/null >out 2>err &
    pid=$!
    for ((tries = 0; tries < 600; tries++)); do
        [[ ! -s out ]] || break
        sleep 0.1
    done
    is "SIG$1: it was running" up "$(cat out)"
    has "SIG$1: QEMU was there" qemu-system "$(ours)"
    kill "-$1" $pid
    wait $pid 2>/dev/null
    is "SIG$1: status" "$2" $?
    for ((tries = 0; tries < 50; tries++)); do
        [[ -n $(ours) ]] || break
        sleep 0.1
    done
    is "SIG$1: no process remains" '' "$(ours)"
    is "SIG$1: no file remains" '' "$(ls -A "$TMPDIR")"
}

# Early: while it makes what is missing, and while it prepares.
mkdir -p build/lab
ln -s "$MINIKVM_BUILD/lab/kernel" build/lab/kernel
# Not by kill in this shell: a background process that is still this shell would run its EXIT trap.
for delay in 0.001 0.03 0.06 0.1 0.15 0.3 0.5; do
    MINIKVM_BUILD=$work/build timeout --foreground $delay "$lab" true </dev/null >out 2>err
    is "SIGTERM after $delay s: no file remains" '' "$(ls -A "$TMPDIR"; ls build/lab |
        grep -v -x -e kernel -e initramfs.cpio -e initramfs.cpio.key -e tsc_khz -e lock -e snapshot -e snapshot.key)"
done
ended_by TERM 143
ended_by HUP 129
ended_by KILL 137
finish
