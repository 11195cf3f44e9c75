#!/bin/bash
# SPDX-License-Identifier: MIT
# The lab is what it says: KVM, the host's files read-only, results, streams, environment.
. "${BASH_SOURCE[0]%/*}/lib.sh"

mkdir results
echo unchanged >"$work/file"
cat >job <<'EOF'
test -c /dev/kvm && echo kvm
grep -qw svm /proc/cpuinfo && echo svm
echo "lab $MINIKVM_LAB"
pwd
cat /sys/devices/system/clocksource/clocksource0/current_clocksource
test -s /sys/kernel/btf/kvm && echo btf
test -d /sys/kernel/tracing/events/kvm && echo tracepoints
beats() { sed -n 's/^ *[0-9]*: *\([0-9]*\) .* virtio2$/\1/p' /proc/interrupts; }
before=$(beats)
sleep 1
[ $(($(beats) - before)) -ge 2 ] && echo heartbeat
echo changed >"$1/file" && cat "$1/file"
echo kept >/results/kept
echo complaint >&2
EOF
"$lab" --results=results sh "$work/job" "$work" >out 2>err </dev/null
is 'status' 0 $?
is 'stdout' "kvm
svm
lab 1
$(realpath "$MINIKVM_BUILD")
tsc
btf
tracepoints
heartbeat
changed" "$(cat out)"
is 'stderr apart, and nothing else there' complaint "$(cat err)"
is 'the host is not written' unchanged "$(cat file)"
is 'results are' kept "$(cat results/kept)"
finish
