#!/bin/sh
# SPDX-License-Identifier: MIT
# micro.sh PLATFORM FOLDER: the micro-benchmarks run in every mode on the platform (qemu-tcg,
# kvm-vmm), measure every operation it has, and print numbers that agree with each other.
set -u
platform=$1
folder=$2
failures=0

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

qemu()
{
    timeout 60 qemu-system-i386 -accel tcg -nodefaults -no-user-config -display none -no-reboot \
        -device isa-debug-exit,iobase=0xf4,iosize=4 "$@" </dev/null
}

vmm()
{
    timeout 60 kvm-vmm --testdev "$@" </dev/null
}

# run MODE ARGUMENTS
run()
{
    case $platform,$1 in
    kvm-vmm,real) vmm --timer-period=1ms "$folder/micro-real.bin" ;;
    kvm-vmm,*) vmm --append "$2" "$folder/micro.elf" ;;
    qemu-tcg,real) qemu -m 1 -bios "$folder/micro-real-qemu.rom" -debugcon stdio ;;
    qemu-tcg,*) qemu -m 4 -kernel "$folder/micro.elf" -append "$2" -serial stdio ;;
    esac
}

# Numbers are hexadecimal, which POSIX awk does not read.
check='
function number(text,    i, value) {
    for (i = 1; i <= length(text); i++)
        value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
    return value
}
function field(name,    i) {
    for (i = 1; i <= NF; i++)
        if (index($i, name "=") == 1)
            return number(substr($i, length(name) + 2))
    bad("no " name)
}
function bad(why) { print "FAIL: " why ": " $0; failed = 1 }
NR == 1 {
    if ($0 !~ ("^micro 1 " mode " n=[0-9a-f]+$")) bad("header")
    samples = field("n")
    next
}
$1 == "op" {
    n = field("n")
    split("min p50 p90 p99 p999 max", names, " ")
    for (i = 2; i <= 6; i++)
        if (field(names[i]) < field(names[i - 1])) bad(names[i] " out of order")
    if (field("sum") < n * field("min") || field("sum") > n * field("max")) bad("sum")
    if (n > samples) bad("too many samples")
    measured = measured $2 " "
    next
}
$1 == "h" {
    count = 0
    for (i = 2; i <= NF; i++) {
        split($i, pair, ":")
        count += number(pair[2])
    }
    if (count != n) bad("histogram of " count " instead of " n)
    next
}
$1 == "skip" && NF > 2 { skipped = skipped $2 " "; next }
$0 == "end" { ended = NR; next }
{ bad("unknown line") }
END {
    if (ended != NR) bad("no end")
    if (skipped != skips) { print "FAIL: skipped " skipped "instead of " skips; failed = 1 }
    print mode ": " measured
    exit failed
}'

# expect MODE ARGUMENTS STATUS SKIPPED...
expect()
{
    mode=$1 arguments=$2 good=$3
    shift 3
    output=$(run "$mode" "$arguments")
    status=$?
    [ $status -eq "$good" ] || fail "$mode: status $status, not $good"
    echo "$output" | awk -v mode="$mode" -v skips="${*:+$* }" "$check" || fail "$mode"
}

no_device="out16 in16 out32 in32 doorbell coalesced"
case $platform in
qemu-tcg)
    command -v qemu-system-i386 >/dev/null || { echo "SKIP: no qemu-system-i386"; exit 77; }
    expect real "" 33 $no_device mmio-read mmio-write hlt-tick hlt-irq
    expect protected n=100 33 $no_device cr3 invlpg page-fault
    expect paged "n=100 paging" 33 $no_device
    bad=35 ;;
kvm-vmm)
    expect real "" 0
    expect protected n=100 0 cr3 invlpg page-fault
    expect paged "n=100 paging" 0
    expect protected "n=10 emulated" 0 int self-irq cr3 invlpg page-fault timer-spin timer-hlt
    bad=3 ;;
*) echo "$0: unknown platform '$platform'" >&2; exit 2 ;;
esac

for samples in 0 1001 x; do
    run protected n=$samples >/dev/null
    status=$?
    [ $status -eq $bad ] || fail "n=$samples: status $status, not $bad"
done
[ $failures -eq 0 ] && echo PASS
exit $((failures != 0))
