#!/bin/bash
# SPDX-License-Identifier: MIT
# setup.sh: options, and an initramfs that is the same bytes wherever and whenever it is made.
. "${BASH_SOURCE[0]%/*}/lib.sh"

"$scripts/setup.sh" --nonesuch >out 2>err
is 'unknown option' 2 $?
has 'hint' '--help' "$(cat err)"

parts=("$scripts/lab.d/init" "$(type -P busybox)" "$MINIKVM_BUILD/lab/kernel/modules")
(umask 077 && cd / && "$scripts/lab.d/initramfs" "${parts[@]}") >first.cpio
cp -r "$MINIKVM_BUILD/lab/kernel/modules" modules
LC_ALL=C.UTF-8 "$scripts/lab.d/initramfs" "${parts[0]}" "${parts[1]}" modules >second.cpio
same 'initramfs made twice' first.cpio second.cpio
is 'it unpacks' "$(cksum <"${parts[0]}")" \
    "$(busybox cpio -i --to-stdout init <first.cpio 2>/dev/null | cksum)"
finish
