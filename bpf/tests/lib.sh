# SPDX-License-Identifier: MIT
# For the tests that trace: sourced with the build folder as $1, which becomes the current one.
set -u
tests=$(cd "$(dirname "$0")" && pwd)
cd "$1" || exit 99
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

skip() {
    echo "SKIP: $*"
    exit 77
}

# fail WHAT: goes on, so that one run shows all that is wrong
fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# equal WHAT EXPECTED ACTUAL
equal() {
    if [ "$2" = "$3" ]; then
        echo "ok: $1: $3"
    else
        fail "$1: expected '$2', got '$3'"
    fi
}

# matches WHAT PATTERN FILE: an extended regular expression
matches() {
    if grep -Eq -- "$2" "$3"; then
        echo "ok: $1"
    else
        fail "$1: no line matches '$2' in:"
        cat "$3"
    fi
}

finish() {
    [ "$failures" -eq 0 ] || echo "$failures failed"
    exit $((failures != 0))
}

# needs PROGRAM...
needs() {
    for program; do
        command -v "$program" >/dev/null || skip "no $program here"
    done
}

# Tracing and KVM have to work at all: says why not.
needs_tracing() {
    needs jq
    ./kvm-vmm --probe >/dev/null 2>&1 || skip "/dev/kvm is not usable here"
    timeout 60 ./kvm-exits -o /dev/null -- true 2>"$work/why" ||
        skip "kvm-exits cannot trace here: $(cat "$work/why")"
}
