#!/bin/bash
# SPDX-License-Identifier: MIT
# Bytes pass through a pipe unchanged, with their end; any kind of stdin will do.
. "${BASH_SOURCE[0]%/*}/lib.sh"

# All byte values, among them those a terminal would act on, more than any buffer on the way.
for ((byte = 0; byte < 256; byte++)); do
    printf "\\x$(printf %02x "$byte")"
done >bytes
for ((n = 0; n < 800; n++)); do
    cat bytes
done >input
cat input | "$lab" cat | cat >output
same '204,800 bytes there and back' input output

seq 3000 >numbers
is 'the rest of an open file' "2
$(seq 3 3000 | cksum)" "$({ read -r _; read -r n; echo "$n"; "$lab" cksum; } <numbers)"

is 'no stdin at all' 0 "$("$lab" wc -c <&-)"
is 'order of stdout and stderr in one pipe' '1 2 3 4 ' \
    "$("$lab" sh -c 'echo 1; echo 2 >&2; echo 3; echo 4 >&2' 2>&1 </dev/null | tr '\n' ' ')"

"$lab" --timeout=60 yes </dev/null | head -n 1 >output
is 'nobody reads on: as a broken pipe' 141 "${PIPESTATUS[0]}"
is 'what was read' y "$(cat output)"
finish
