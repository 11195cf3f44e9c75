# SPDX-License-Identifier: MIT
# Sourced by the tests: $lab, a temporary folder to work in, and checks that count failures.
# A test ends with "finish". Needs MINIKVM_BUILD.
set -u
scripts=$(readlink -f -- "${BASH_SOURCE[0]%/*}/..")
lab=$scripts/lab
failures=0
: "${MINIKVM_BUILD:?names the build folder}"
if ! "$scripts/lab.d/kernel" "$MINIKVM_BUILD" --check; then
    echo "skip: no kernel in $MINIKVM_BUILD/lab; scripts/setup.sh fetches it"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd "$work" || exit 1
export TMPDIR=$work/tmp
mkdir tmp

# is NAME EXPECTED ACTUAL
is() {
    if [[ $2 == "$3" ]]; then
        echo "ok: $1"
    else
        printf 'FAILED: %s\n  expected: %s\n  actual:   %s\n' "$1" "$2" "$3"
        failures=$((failures + 1))
    fi
}

# has NAME PART TEXT
has() {
    if [[ $3 == *"$2"* ]]; then
        echo "ok: $1"
    else
        printf 'FAILED: %s\n  expected: ...%s...\n  actual:   %s\n' "$1" "$2" "$3"
        failures=$((failures + 1))
    fi
}

# same NAME FILE FILE
same() {
    if cmp -- "$2" "$3"; then
        echo "ok: $1"
    else
        echo "FAILED: $1"
        failures=$((failures + 1))
    fi
}

# Every lab must leave the folder for temporary files as it was.
finish() {
    is 'no file is left behind' '' "$(ls -A "$TMPDIR")"
    ((failures == 0))
    exit
}
