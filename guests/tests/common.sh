# SPDX-License-Identifier: MIT
# What the tests of this folder share. Usage of each: TEST KVM_VMM GUESTS_FOLDER, sourced with
# these arguments. They run in a scratch folder of their own, where the last guest run left
# out, err and stats.json.
set -u
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
vmm=$(realpath "$1")
guests=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failed=0

pass() { echo "ok   $1"; }

# fail NAME WHAT...
fail() {
    echo "FAIL $1: ${*:2}"
    failed=1
}

skip_all() {
    echo "skip: $1"
    exit 77
}

# need FEATURE...: fields of kvm-vmm --probe=json
need() {
    local feature
    for feature; do
        [ "$("$vmm" --probe=json 2>/dev/null | jq ".$feature")" = true ] ||
            skip_all "this host's KVM has no $feature"
    done
}

# run ARGUMENT...: kvm-vmm with its statistics; sets status, and for each vCPU what it ended with,
# its unhandled port accesses, and its exits as "REASON=COUNT ..." in the order of the names. A
# KVM_RUN that a signal interrupted (code -1) is no exit of the guest. The counts by reason must sum
# up to the runs, and no port exit may be without an access.
run() {
    local line
    rm -f out err stats.json
    timeout 60 "$vmm" --stats=json --stats-file=stats.json "$@" >out 2>err
    status=$?
    end=() unhandled=() exits=()
    [ -s stats.json ] || return
    while IFS=$'\t' read -r -a line; do
        end+=("${line[0]}")
        unhandled+=("${line[1]}")
        exits+=("${line[2]-}")
    done < <(jq -r '.vcpus[] | [.end, .unhandled_io,
        if ([.exits[].count] | add // 0) != .kvm_runs or
            ([.exits[] | select(.reason == "KVM_EXIT_IO").count] | add // 0) >
                ([.io[].count] | add // 0)
        then "inconsistent statistics"
        else [.exits[] | select(.code >= 0 and .count > 0) | "\(.reason)=\(.count)"]
            | sort | join(" ") end] | @tsv' stats.json)
}

# expect_status NAME STATUS
expect_status() {
    [ "$status" -eq "$2" ] && return
    fail "$1" "status $status, expected $2; stderr:"
    cat err
    return 1
}

# expect_output NAME FILE: stdout is FILE, byte by byte
expect_output() {
    cmp -s "$2" out && return
    fail "$1" "other output than expected:"
    diff "$2" out | head -20
    return 1
}

# expect_exits NAME VCPU "REASON=COUNT ..."
expect_exits() {
    [ "${exits[$2]:-none}" = "$3" ] && return
    fail "$1" "vCPU $2 had exits '${exits[$2]:-none}', expected '$3'"
    return 1
}

# expect_error NAME PATTERN: stderr says so, and what to know about the guest
expect_error() {
    grep -qE -- "$2" err && return
    fail "$1" "stderr does not say /$2/:"
    cat err
    return 1
}

# of_vcpu N: what guest N printed, without its prefix
of_vcpu() { sed -n "s/^\[vCPU $1\] //p" out; }
