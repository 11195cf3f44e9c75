#!/bin/sh
# SPDX-License-Identifier: MIT
# What cannot be done or kept is said: small maps, processes that end, rights and options missing.
. "$(dirname "$0")/lib.sh"

# usage WHAT OPTION...: refused with status 2 and the way to the help
usage() {
    what=$1
    shift
    timeout 20 ./kvm-exits "$@" >"$work/out" 2>"$work/err"
    equal "$what: status" 2 $?
    matches "$what: says where to read on" '--help' "$work/err"
}

usage "no target"
usage "two targets" -p 1 true
usage "unknown event" --event=nonesuch true
usage "unknown key" -k nonesuch true
usage "bad pid" -p x
usage "bad duration" -d 0 true
usage "bad number" --max-rows=0 true
usage "counts with times" --counts --split true
usage "two formats" --json --csv true

timeout 20 ./kvm-exits --help >"$work/out"
equal "--help" 0 $?
timeout 20 ./kvm-exits --version >"$work/out"
matches "--version" '^kvm-exits [0-9]' "$work/out"

# one_line WHAT PATTERN COMMAND...: status 3 and one line on standard error
one_line() {
    what=$1 pattern=$2
    shift 2
    timeout 60 "$@" >"$work/out" 2>"$work/err"
    equal "$what: status" 3 $?
    equal "$what: lines" 1 "$(wc -l <"$work/err")"
    matches "$what" "$pattern" "$work/err"
}

sleep 0 &
gone=$!
wait $gone
one_line "no such process" 'No such process; .*pgrep' ./kvm-exits -p $gone
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    one_line "no privilege" 'Operation not permitted; run as root' \
        setpriv --reuid=65534 --clear-groups --inh-caps=-all ./kvm-exits -- true
elif [ "$(id -u)" != 0 ]; then
    one_line "no privilege" 'Operation not permitted; run as root' ./kvm-exits -- true
fi

needs_tracing

one_line "output that cannot be written" 'No such file' ./kvm-exits -o /nonesuch/file -- true
timeout 60 ./kvm-exits -o /dev/null -- /nonesuch/program 2>"$work/err"
equal "no such command: status" 127 $?
timeout 60 ./kvm-exits -o /dev/null -- sh -c 'exit 7'
equal "status of the command" 7 $?
timeout 60 ./kvm-exits -o /dev/null -- sh -c 'kill -9 $$'
equal "status of a killed command" 137 $?

# json OPTION...: traces hello.bin
json() {
    timeout 60 ./kvm-exits --json -o "$work/json" "$@" -- ./kvm-vmm guests/hello.bin \
        >"$work/out" 2>"$work/err"
    equal "status with $*" 0 $?
}

# Returns to user space, of all vCPUs and reasons.
returns() {
    jq '[.vcpus[].user_exits[].count] | add' "$work/json"
}

# lost WHAT: more than nothing, in all formats
lost() {
    json "$2"
    count=$(jq ".lost.$1" "$work/json")
    [ "$count" -gt 0 ] || fail "$2: lost.$1 is $count"
    timeout 60 ./kvm-exits "$2" -o "$work/text" -- ./kvm-vmm guests/hello.bin >/dev/null
    matches "$2: in the text" "^lost:.* $1 [1-9]" "$work/text"
    timeout 60 ./kvm-exits --csv "$2" -o "$work/csv" -- ./kvm-vmm guests/hello.bin >/dev/null
    matches "$2: in the CSV" "^lost,$1,0,[1-9]" "$work/csv"
}

json --event=user
equal "nothing lost otherwise" 0 "$(jq '[.lost[]] | add' "$work/json")"
lost rows --max-rows=1
lost histograms --max-histograms=1
equal "too few histograms: counts hold" 13 "$(returns)"

timeout 60 ./kvm-exits --json -o "$work/json" --max-threads=1 -- \
    ./kvm-vmm guests/hello.bin guests/minimal.bin >/dev/null 2>&1
equal "too few threads: status" 0 $?
[ "$(jq .lost.threads "$work/json")" -gt 0 ] || fail "too few threads: none lost"
equal "too few threads: one is kept" 1 "$(jq '.vcpus | length' "$work/json")"

# A ring of one page is full before the first time it is drained.
timeout 60 ./kvm-exits --json -o "$work/json" --event=exit,user,pio --record="$work/record" \
    --ring-size=1 -- ./kvm-vmm guests/multiplication.bin >"$work/out" 2>&1
equal "small ring: status" 0 $?
[ "$(jq .lost.records "$work/json")" -gt 0 ] || fail "small ring: no record lost"
equal "small ring: counts hold" $(($(wc -c <"$work/out") + 1)) "$(returns)"

# A process that ends while it is watched.
./kvm-vmm --timeout=5s --timer-period=10ms guests/counter.bin >/dev/null 2>&1 &
vmm=$!
timeout 60 ./kvm-exits --json -o "$work/json" -p $vmm
equal "process that ends: status" 0 $?
wait $vmm
equal "process that ends: pid" $vmm "$(jq .target.pid "$work/json")"
[ "$(returns)" -gt 100 ] || fail "process that ends: hardly an exit"
equal "process that ends: nothing lost" 0 "$(jq '[.lost[]] | add' "$work/json")"

# -d ends the watching, and a command of ours with it.
begin=$(date +%s)
timeout 60 ./kvm-exits -d 0.5 -o "$work/text" -- ./kvm-vmm --timer-period=1s guests/counter.bin \
    >/dev/null 2>&1
status=$?
[ $(($(date +%s) - begin)) -lt 30 ] || fail "-d: did not end in time"
[ $status -ne 0 ] || fail "-d: the command it ended has status 0"
matches "-d: reports" '^KVM_EXIT_' "$work/text"

json --vcpu=0
equal "--vcpu=0" 13 "$(returns)"
json --vcpu=7
equal "--vcpu=7: none" 0 "$(jq '.vcpus | length' "$work/json")"

# Other processes' VMs are not counted, with -a they are. These exit without end, on every CPU.
vmms=
for _ in $(seq "$(nproc)"); do
    timeout 60 ./kvm-floor 1000000000 1 >/dev/null 2>&1 &
    vmms="$vmms $!"
done
for options in '' --event=user '--event=user --counts' --split; do
    for _ in 1 2 3; do
        # shellcheck disable=SC2086 # options are words
        json $options
        equal "other VMs run, '$options': not ours" 13 "$(returns)"
    done
done
# shellcheck disable=SC2086 # a list
kill $vmms
wait

./kvm-vmm --timeout=60s --timer-period=20ms guests/counter.bin >/dev/null 2>&1 &
vmm=$!
timeout 60 ./kvm-exits --json -o "$work/json" --event=user -a -d 0.5
equal "-a: status" 0 $?
equal "-a: sees it" $vmm "$(jq ".vcpus[] | select(.tgid == $vmm).tgid" "$work/json")"
kill $vmm
wait $vmm
finish
