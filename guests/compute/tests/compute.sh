#!/bin/sh
# SPDX-License-Identifier: MIT
# compute.sh PLATFORM FOLDER PAYLOAD...: each payload in the folder passes its own check on the
# platform (native, qemu-tcg, kvm-vmm), and one that expects a wrong answer does not.
set -u
platform=$1
folder=$2
shift 2
rounds=3
failures=0

# run IMAGE ROUNDS: prints what it prints, returns its status.
run()
{
    case $platform in
    native) timeout 60 "$1" "n=$2" ;;
    kvm-vmm) timeout 60 kvm-vmm --append "n=$2" "$1" </dev/null ;;
    qemu-tcg) timeout 60 qemu-system-i386 -accel tcg -nodefaults -no-user-config -display none \
        -no-reboot -m 16 -serial stdio -device isa-debug-exit,iobase=0xf4,iosize=4 \
        -kernel "$1" -append "n=$2" </dev/null ;;
    esac
}

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

case $platform in
native) suffix=-native good=0 bad=1 ;;
kvm-vmm) suffix=.elf good=0 bad=3 ;;
qemu-tcg)
    suffix=.elf good=33 bad=35
    command -v qemu-system-i386 >/dev/null || { echo "SKIP: no qemu-system-i386"; exit 77; } ;;
*) echo "$0: unknown platform '$platform'" >&2; exit 2 ;;
esac
if [ "$platform" = native ] && ! "$folder/loop-native" >/dev/null; then
    echo "SKIP: this kernel runs no 32-bit programs (CONFIG_IA32_EMULATION)"
    exit 77
fi

for name in "$@"; do
    output=$(run "$folder/$name$suffix" $rounds)
    status=$?
    [ $status -eq $good ] || fail "$name: status $status, not $good"
    expr "$output" : "$name n=$rounds cycles=0x[0-9a-f]* checksum=0x[0-9a-f]* OK\$" >/dev/null ||
        fail "$name: printed '$output'"
    echo "$output"
done

# Real mode: the rounds are built in.
real()
{
    case $platform in
    kvm-vmm) timeout 60 kvm-vmm "$folder/real-$1.bin" </dev/null ;;
    qemu-tcg) timeout 60 qemu-system-i386 -accel tcg -nodefaults -no-user-config -display none \
        -no-reboot -m 1 -debugcon stdio -serial null -device isa-debug-exit,iobase=0xf4,iosize=4 \
        -bios "$folder/real-$1-qemu.rom" </dev/null ;;
    esac
}

for name in loop portio; do
    [ "$platform" != native ] || continue
    output=$(real $name)
    status=$?
    [ $status -eq $good ] || fail "real-$name: status $status, not $good"
    expr "$output" : "$name n=[0-9]* cycles=0x[0-9a-f]* checksum=0x[0-9a-f]* OK\$" >/dev/null ||
        fail "real-$name: printed '$output'"
    echo "real-$output"
done

output=$(run "$folder/tests/corrupt$suffix" $rounds)
status=$?
[ $status -eq $bad ] || fail "corrupt: status $status, not $bad"
[ "$output" = "sieve n=$rounds FAILED: round 0 gave 0x76c, not 0x76d" ] ||
    fail "corrupt: printed '$output'"

output=$(run "$folder/loop$suffix" 4294967296)
status=$?
[ $status -eq $bad ] || fail "n too large: status $status, not $bad"

[ $failures -eq 0 ] && echo "PASS: $# payloads"
exit $((failures != 0))
