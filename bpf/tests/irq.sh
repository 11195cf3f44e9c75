#!/bin/sh
# SPDX-License-Identifier: MIT
# Interrupts from raise to end-of-interrupt, and halts, with the in-kernel interrupt controller.
. "$(dirname "$0")/lib.sh"
needs_tracing
[ -e /sys/module/kvm_amd ] || [ -e /sys/module/kvm_intel ] || skip "no hardware virtualization here"
[ -e guests/tests/pm-timer.elf ] || skip "guests/tests/pm-timer.elf is not built"

timeout 120 ./kvm-exits --json -o "$work/json" --record="$work/record" -- \
    ./kvm-vmm --timeout=60s guests/tests/pm-timer.elf >"$work/out" 2>"$work/err" </dev/null
equal "status: the guest's, by isa-debug-exit" 33 $?
jq -c '.irq[], (.vcpus[] | {injected, reinjected, acked, halt})' "$work/json"
acked=$(jq '[.irq[] | select(.gsi == 0).acked] | add' "$work/json")
[ "$acked" -gt 0 ] || fail "no timer interrupt was acknowledged"
equal "every acknowledged interrupt has its three stages" true "$(jq '.irq[] | select(.gsi == 0) |
    .injected_to_handled_ns.count == .delivered_to_handled_ns.count and
    .injected_to_delivered_ns.count == .delivered_to_handled_ns.count and
    .injected_to_handled_ns.count == .acked - .not_delivered' "$work/json")"
equal "stages add up" true "$(jq '.irq[] | select(.gsi == 0) |
    .injected_to_delivered_ns.total + .delivered_to_handled_ns.total ==
    .injected_to_handled_ns.total' "$work/json")"
equal "a raise is acknowledged, coalesced or pending" true "$(jq '.irq[] | select(.gsi == 0) |
    .raised - .coalesced - .acked | . == 0 or . == 1' "$work/json")"
equal "halts, woken for an interrupt" true \
    "$(jq '[.vcpus[].halt | .waits + .polls] | add > 5' "$work/json")"
equal "recorded acknowledgements" "$(jq '[.vcpus[].acked] | add' "$work/json")" \
    "$(cut -d, -f4 "$work/record" | grep -c irq-ack)"
finish
