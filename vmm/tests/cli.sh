#!/bin/bash
# SPDX-License-Identifier: MIT
# What kvm-vmm says and returns: bad input, a host without KVM, stopped runs.
# Usage: cli.sh KVM_VMM
set -u
vmm=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failed=0

# check NAME STATUS PATTERN COMMAND...: its status, and a pattern in what it prints
check() {
    local name=$1 expected=$2 pattern=$3 status
    shift 3
    timeout 20 "$@" >out 2>&1 </dev/null
    status=$?
    if [ "$status" -ne "$expected" ] || ! grep -qE -- "$pattern" out; then
        echo "FAIL $name: status $status, expected $expected and /$pattern/; it printed:"
        cat out
        failed=1
    else
        echo "ok   $name"
    fi
}

printf '\xf4' >hlt.bin                       # hlt
# mov dx, 0x600; 1: out dx, al; inc dx; cmp dx, 0x664; jb 1b; hlt
printf '\xba\x00\x06\xee\x42\x81\xfa\x64\x06\x72\xf8\xf4' >ports.bin
printf '\xeb\xfe' >spin.bin                  # 1: jmp 1b
printf '\xb8\x41\x0e\x89\xc3\xb0\x01\xba\x00\x05\xee\xeb\xfe' >print-spin.bin # print A, spin
: >empty.bin
{ printf '\xf4'; head -c 300000 /dev/zero; } >large.bin
mkdir folder
printf '\177ELF garbage' >damaged.elf
install -m 000 hlt.bin unreadable.bin

# Usage errors: status 2, before anything touches /dev/kvm.
check 'no guest' 2 'no guest' "$vmm"
check 'unknown option' 2 'unrecognized option.*--fast|--help' "$vmm" --fast hlt.bin
check 'five guests' 2 'at most 4 guests' "$vmm" hlt.bin hlt.bin hlt.bin hlt.bin hlt.bin
check 'bad size' 2 'like 256K or 4M' "$vmm" --mem=12 hlt.bin
check 'bad duration' 2 'like 10ms' "$vmm" --timeout=5 hlt.bin
check 'shared and protected' 2 'real-mode' "$vmm" --layout=shared --mode=protected hlt.bin
check 'missing file' 2 'nothere.bin: No such file' "$vmm" nothere.bin
check 'empty file' 2 'empty.bin: the file is empty' "$vmm" empty.bin
check 'folder' 2 'folder: is a directory' "$vmm" folder
check 'damaged ELF' 2 'damaged.elf: not an? ' "$vmm" damaged.elf
check 'flat as protected' 2 'not an ELF' "$vmm" --mode=protected hlt.bin
check 'help' 0 'GUEST is a flat real-mode image' "$vmm" --help
check 'version' 0 '^kvm-vmm [0-9]' "$vmm" --version
if [ "$(id -u)" -eq 0 ]; then
    chmod 755 "$dir"
    check 'unreadable file' 2 'unreadable.bin: Permission denied' \
        setpriv --reuid=65534 --clear-groups "$vmm" unreadable.bin
else
    check 'unreadable file' 2 'unreadable.bin: Permission denied' "$vmm" unreadable.bin
fi

# A host without KVM: one line that says what to do, status 3.
if unshare -rm true 2>/dev/null; then
    check 'no /dev/kvm' 3 'kvm-vmm: /dev/kvm: .*scripts/lab' \
        unshare -rm sh -c 'mount -t tmpfs none /dev && exec "$@"' sh "$vmm" hlt.bin
    [ "$(wc -l <out)" -eq 1 ] || { echo 'FAIL no /dev/kvm: more than one line'; failed=1; }
    check 'no /dev/kvm, probe' 3 '"kvm": "none"' \
        unshare -rm sh -c 'mount -t tmpfs none /dev && exec "$@"' sh "$vmm" --probe=json
else
    echo 'skip no /dev/kvm: unshare is not permitted here'
fi

if ! "$vmm" --probe >/dev/null 2>&1; then
    echo 'skip the rest: /dev/kvm is not usable here'
    exit $failed
fi

check 'too large' 2 'larger than guest memory' "$vmm" large.bin
check 'large with --mem' 0 'ended by hlt' "$vmm" -v --mem=512K large.bin
check 'minimal' 0 'ended by hlt, status 0' "$vmm" -v hlt.bin
check 'timeout' 124 'spin.bin\): stopped by --timeout' "$vmm" --timeout=100ms spin.bin
check 'where it hung' 124 'code at 00000000: eb fe' "$vmm" --timeout=100ms spin.bin
check 'timeout of two' 124 'guest 1 \(spin.bin\): stopped' "$vmm" --timeout=100ms hlt.bin spin.bin
check 'SIGINT' 130 '"end": "interrupted"' timeout --preserve-status -s INT 1 "$vmm" --stats=json spin.bin
check 'SIGTERM' 130 'interrupted' timeout --preserve-status -k 5 -s TERM 1 "$vmm" --stats spin.bin
check 'partial line is shown' 124 '^A' "$vmm" --timeout=200ms print-spin.bin
check 'sandbox' 0 '"kvm_runs": 1' "$vmm" --sandbox --stats=json hlt.bin
check 'more ports than rows' 0 '"port": "others"' "$vmm" --stats=json ports.bin
check 'more ports than rows, table' 0 ', others 36; unhandled port accesses: 100' "$vmm" --stats ports.bin
check 'stats file' 3 'stats-file=no-folder/x: No such' "$vmm" --stats-file=no-folder/x hlt.bin
check 'trace file' 2 'trace-file=no-folder/x: No such' "$vmm" --trace-file=no-folder/x hlt.bin
"$vmm" --trace-file=t.csv hlt.bin && [ "$(wc -l <t.csv)" -eq 2 ] &&
    grep -q '^0,[0-9]*,0,[0-9]*,[0-9]*,KVM_EXIT_HLT,0,,,,$' t.csv ||
    { echo 'FAIL trace: not one HLT row'; cat t.csv; failed=1; }
exit $failed
