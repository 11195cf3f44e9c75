#!/bin/bash
# SPDX-License-Identifier: MIT
# The exact lab: everything that can be read off its clocks is the same in every run.
. "${BASH_SOURCE[0]%/*}/lib.sh"

cat >job <<'EOF'
cat
echo "lab $MINIKVM_LAB in $PWD"
test -c /dev/kvm && echo kvm
for i in 1 2 3 4 5 6 7 8 9; do cat /proc/uptime; done
cat /proc/interrupts /proc/self/stat
dmesg
mkdir /results/folder
dmesg | tail -n 3 >/results/folder/dmesg
date +%s.%N >&2
exit 42
EOF
for n in 1 2; do
    mkdir results$n
    echo "input" | "$lab" --exact --results=results$n --add=job:/tmp/job sh /tmp/job >out$n 2>err$n
    is "run $n: status" 42 $?
    is "run $n: no message but the command's" 1 "$(wc -l <err$n)"
done
is 'what it ran on' 'input
lab exact in /build
kvm' "$(head -n 3 out1)"
has 'the kernel log is there' 'tsc: Detected 1000.000 MHz TSC' "$(cat out1)"
same 'stdout, with times of every kernel message' out1 out2
same 'stderr, with the time in nanoseconds' err1 err2
is 'results' 3 "$(wc -l <results1/folder/dmesg)"
same 'results twice' results1/folder/dmesg results2/folder/dmesg
finish
