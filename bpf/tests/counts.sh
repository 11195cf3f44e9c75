#!/bin/sh
# SPDX-License-Identifier: MIT
# Known guests have known exits, and the VMM's own counts are the kernel's, reason by reason.
. "$(dirname "$0")/lib.sh"
needs_tracing

# traced OPTIONS GUEST...: leaves kernel.json and vmm.json
traced() {
    options=$1
    shift
    # shellcheck disable=SC2086 # options are words
    timeout 120 ./kvm-exits --json -o "$work/kernel.json" $options -- \
        ./kvm-vmm --timer-period=100us --timeout=60s --stats=json --stats-file="$work/vmm.json" \
        "$@" </dev/null >"$work/out" 2>"$work/err"
    equal "status of $*" 0 $?
}

# The vCPUs by thread id, each with its returns by reason: the same text from both.
by_thread() {
    jq -r ".vcpus | sort_by(.tid)[] | \"\(.tid):\" + ([$1 | \"\(.reason) \(.errno) \(.count)\"] |
        sort | join(\", \"))" "$2"
}

# agree WHAT: the VMM and the kernel
agree() {
    equal "$1: as the VMM counted" "$(by_thread '.exits[]' "$work/vmm.json")" \
        "$(by_thread '.user_exits[]' "$work/kernel.json")"
}

# exact OPTIONS GUEST RETURNS...: as "REASON COUNT"
exact() {
    options=$1 guest=$2
    shift 2
    expected=$(printf '%s\n' "$@" | sort | paste -sd, -)
    traced "$options" "guests/$guest.bin"
    equal "$guest with '$options'" "$expected" "$(jq -r '.vcpus[0].user_exits[] |
        "\(.reason) \(.count)"' "$work/kernel.json" | sort | paste -sd, -)"
    equal "$guest with '$options': nothing lost" 0 "$(jq '[.lost[]] | add' "$work/kernel.json")"
    agree "$guest with '$options'"
}

exact '' minimal 'KVM_EXIT_HLT 1'
# Every way the programs are made.
for options in '' --event=user '--event=user --counts' '--event=exit,user --counts' \
    '--split --no-cost' "--record=$work/record.csv" --max-histograms=0; do
    exact "$options" hello 'KVM_EXIT_IO 12' 'KVM_EXIT_HLT 1'
done
equal "vCPU number" 0 "$(jq '.vcpus[0].vcpu' "$work/kernel.json")"

traced '' guests/hello.bin
equal "port accesses of hello" '[{"port":"0x500","direction":"out","count":12,"bytes":12}]' \
    "$(jq -c .pio "$work/kernel.json")"

traced '' guests/counter.bin
equal "returns of counter" 1461 "$(jq '[.vcpus[].user_exits[].count] | add' "$work/kernel.json")"
agree counter

traced '' guests/hello.bin guests/fibonacci.bin guests/minimal.bin guests/multiplication.bin
equal "four VMs" "[0,1,2,3]" "$(jq -c '[.vcpus[].vm] | sort' "$work/kernel.json")"
agree "four guests"

# Recording: a row for each return, in the order and at the times the VMM saw it.
traced "--record=$work/record.csv" --trace-file="$work/trace.csv" guests/hello.bin
equal "recorded rows" "$(jq .records "$work/kernel.json")" "$(($(wc -l <"$work/record.csv") - 1))"
equal "recorded reasons are the traced ones" \
    "$(sed 1d "$work/trace.csv" | cut -d, -f2,6)" \
    "$(awk -F, '$4 == "user" { print $2 "," $5 }' "$work/record.csv")"
sed 1d "$work/trace.csv" | cut -d, -f4,5 >"$work/vmm.times"
awk -F, '$4 == "user" { print $1 }' "$work/record.csv" | paste -d, "$work/vmm.times" - >"$work/times"
equal "recorded times lie within KVM_RUN" 0 \
    "$(awk -F, '$3 < $1 || $3 > $2 { bad++ } END { print bad + 0 }' "$work/times")"

# Where there is real virtualization every return was a hardware exit first.
if [ -e /sys/module/kvm_amd ] || [ -e /sys/module/kvm_intel ]; then
    traced '' guests/hello.bin
    equal "hardware exits that went to user space" 13 \
        "$(jq '[.vcpus[0].hw_exits[].to_user] | add' "$work/kernel.json")"
    equal "named: port accesses" 12 "$(jq '.vcpus[0].hw_exits[] |
        select(.reason == "ioio" or .reason == "IO_INSTRUCTION").count' "$work/kernel.json")"
    equal "hardware exits seen" true "$(jq .hardware_exits "$work/kernel.json")"
else
    timeout 60 ./kvm-exits -o "$work/text" -- ./kvm-vmm guests/hello.bin >/dev/null
    matches "software KVM is said to be so" 'note: kvm_exit never fired' "$work/text"
fi
finish
