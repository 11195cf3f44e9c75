#!/bin/sh
# SPDX-License-Identifier: MIT
# QEMU as target, on real virtualization: hardware reasons by name, ports, interrupts.
. "$(dirname "$0")/lib.sh"
needs_tracing
needs qemu-system-i386
[ -e /sys/module/kvm_amd ] || [ -e /sys/module/kvm_intel ] || skip "no hardware virtualization here"

timeout 120 ./kvm-exits --json -o "$work/json" -- qemu-system-i386 -accel kvm -nodefaults \
    -display none -bios guests/hello.rom -debugcon stdio \
    -device isa-debug-exit,iobase=0xf4,iosize=1 </dev/null >"$work/out" 2>"$work/err"
equal "status: isa-debug-exit's" 33 $?
equal "output" "Hello, KVM!" "$(cat "$work/out")"
equal "ports" '[["0xe9","out",12],["0xf4","out",1]]' \
    "$(jq -c '[.pio[] | [.port, .direction, .count]] | sort' "$work/json")"
equal "returns for ports" 13 \
    "$(jq '[.vcpus[].user_exits[] | select(.reason == "KVM_EXIT_IO").count] | add' "$work/json")"
equal "hardware exits for ports" 13 "$(jq '[.vcpus[].hw_exits[] |
    select(.reason == "ioio" or .reason == "IO_INSTRUCTION").count] | add' "$work/json")"
equal "hardware exits without a name" 0 \
    "$(jq '[.vcpus[].hw_exits[] | select(.reason | startswith("0x"))] | length' "$work/json")"
equal "the vCPU is found by its number" 0 "$(jq '.vcpus[0].vcpu' "$work/json")"
equal "nothing lost" 0 "$(jq '[.lost[]] | add' "$work/json")"
equal "each has its time" true \
    "$(jq '[.vcpus[].hw_exits[] | .kernel_ns.count > 0] | all' "$work/json")"
finish
