#!/bin/bash
# SPDX-License-Identifier: MIT
# --live: rows over a pipe; on a terminal it sorts, pauses, switches the view and follows the size.
. "$(dirname "$0")/lib.sh"
needs_tracing

timeout 60 ./kvm-exits --live -i 0.1 -d 2 -- ./kvm-vmm --timer-period=2ms guests/counter.bin \
    </dev/null 2>"$work/err" >"$work/pipe"
matches "pipe: headings" '^(user|hardware) +SAMPLES' "$work/pipe"
matches "pipe: rows" '^KVM_EXIT_HLT +[0-9]+ +idle' "$work/pipe"
[ "$(grep -c '^lost:' "$work/pipe")" -ge 5 ] || fail "pipe: too few refreshes"
if grep -q "$(printf '\033')" "$work/pipe"; then
    fail "pipe: escape sequences"
fi

needs tmux
tmux() { command tmux -f /dev/null -L "kvm-exits-$$" "$@"; }
trap 'tmux kill-server 2>/dev/null; rm -rf "$work"' EXIT
export TERM=xterm

# screen PATTERN: waits until the screen has it
screen() {
    local i
    for ((i = 0; i < 100; i++)); do
        tmux capture-pane -p >"$work/screen" 2>/dev/null
        if grep -Eq -- "$1" "$work/screen"; then
            echo "ok: screen has '$1'"
            return
        fi
        sleep 0.1
    done
    fail "the screen never had '$1':"
    cat "$work/screen"
}

tmux new-session -d -x 80 -y 24 \
    "./kvm-exits --live -i 0.2 -- ./kvm-vmm --timer-period=10ms guests/counter.bin; sleep 60" ||
    skip "tmux does not start"
screen '^kvm-exits: kvm-vmm \(pid [0-9]+\), [0-9.]+ s'
screen 'q quit  p pause  s sort: samples  v view'
screen '^KVM_EXIT_HLT +[0-9]+ +idle|^hlt +[0-9]+ +idle'
equal "80 columns: longest line" 80 \
    "$(awk '{ if (length > n) n = length } END { print n }' "$work/screen")"
if grep -q OFF-CPU "$work/screen"; then
    fail "80 columns show all of 160"
fi

tmux send-keys p
screen 'PAUSED.*'
screen 'p go on'
before=$(head -n 1 "$work/screen")
sleep 0.6
tmux capture-pane -p >"$work/screen"
equal "a paused screen stands still" "$before" "$(head -n 1 "$work/screen")"
tmux send-keys p
screen 'p pause'
tmux send-keys s
screen 's sort: time'
tmux send-keys v
screen 'v view: (user|vcpu)'
for view in vcpu pio; do
    for _ in 1 2 3 4 5 6; do
        tmux capture-pane -p | grep -q "v view: $view" && break
        tmux send-keys v
        sleep 0.3
    done
    screen "v view: $view"
done
screen '^0x500:POUT +[0-9]+'

tmux resize-window -x 160 -y 40
for _ in 1 2 3 4 5 6; do
    tmux capture-pane -p | grep -q "v view: user" && break
    tmux send-keys v
    sleep 0.3
done
screen 'OFF-CPU'
equal "160 columns: the help line fills it" 1 "$(tmux capture-pane -p | grep -c 'arrows scroll')"
tmux send-keys q
screen '^lost: none' # the report comes after the screen is given back
screen '^probe cost per event: '
finish
