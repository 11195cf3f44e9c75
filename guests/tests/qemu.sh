#!/bin/bash
# SPDX-License-Identifier: MIT
# The same guests on QEMU's TCG: the six as ROMs, the protected-mode ones as kernels. What both
# machines agree on is what the guests assume.
. "${BASH_SOURCE[0]%/*}/common.sh"
. "$here/expected.sh"
command -v qemu-system-i386 >/dev/null || skip_all 'qemu-system-i386 is not installed'
ok_status=33 # QEMU_STATUS_OK of plat_qemu.inc, EXIT_OK of pm.inc

# qemu ARGUMENT...: sets status
qemu() {
    timeout 60 qemu-system-i386 -accel tcg -nodefaults -display none -no-reboot \
        -device isa-debug-exit,iobase=0xf4,iosize=4 "$@" >out 2>err
    status=$?
}

# verdict NAME FILE
verdict() {
    expect_status "$1" $ok_status && expect_output "$1" "$2" && pass "$1"
}

for name in minimal hello fibonacci multiplication counter; do
    rom=$name
    [ $name != counter ] || rom=counter-fast
    [ "$(bytes_of "$guests/$rom.rom")" -eq 65536 ] || fail "$rom.rom" 'is not 64 KiB'
    qemu -bios "$guests/$rom.rom" -debugcon stdio </dev/null
    verdict "$rom.rom" $name.txt
done
qemu -bios "$guests/hctest.rom" -chardev stdio,id=con,mux=on,signal=off \
    -device isa-debugcon,iobase=0xe9,chardev=con \
    -device isa-serial,iobase=0x3f8,irq=4,chardev=con <"$guests/hctest.input"
verdict hctest.rom hctest.txt

# kernel NAME ARGUMENT...
kernel() {
    qemu -kernel "$guests/tests/pm-$1.elf" -serial stdio "${@:2}"
    verdict "pm-$1.elf" "pm-$1.txt"
}

for name in paging traps user timer; do
    kernel $name </dev/null
done
kernel serial < <(sleep 1; echo 'hello there')
echo 'no hypercalls here' >pm-keyboard.txt
kernel keyboard </dev/null
printf aXYZ >one
head -c 5000 /dev/zero | tr '\0' '\1' >two
cat >pm-info.txt <<END
magic: 2badb002
memory: 639 KiB below 1 MiB, 129920 KiB above
command line: $guests/tests/pm-info.elf key=value two words
modules: 2
module: one, 4 bytes, sum 364
module: two, 5000 bytes, sum 5000
END
kernel info -m 128M -append 'key=value two words' -initrd one,two </dev/null

# A triple fault resets the machine, which with -no-reboot is the end.
qemu -kernel "$guests/tests/pm-triplefault.elf" -serial stdio </dev/null
echo 'about to fault' >wanted
expect_status 'pm-triplefault.elf' 0 && expect_output 'pm-triplefault.elf' wanted &&
    pass 'pm-triplefault.elf'
exit $failed
