#!/bin/bash
# SPDX-License-Identifier: MIT
# At a terminal: a shell with its window size, Ctrl-C for the command alone, and the terminal
# as it was when the lab ends, however it ends.
. "${BASH_SOURCE[0]%/*}/lib.sh"

# wait_for TEXT: until the session has printed it
wait_for() {
    local tries
    for ((tries = 0; tries < 900; tries++)); do
        ! grep -qF -- "$1" session 2>/dev/null || return 0
        sleep 0.1
    done
    echo "FAILED: never saw: $1" >&3
}

# session COMMAND: in a terminal of its own; keys come from stdin, output goes to "session"
session() {
    script -qefc "stty rows 33 cols 101; stty -g >before; $1; echo \"ended=\$?\"; stty -g >after" \
        session >/dev/null
}

exec 3>&1
{
    wait_for '$ready'
    printf 'stty size\r'
    wait_for '33 101'
    printf 'echo sum=$((40+2)); sleep 100\r'
    wait_for sum=42
    sleep 1
    printf '\003'
    printf 'echo after=$?\r'
    wait_for after=130
    printf 'seq 20000 | tail -n 1; exit 9\r'
    wait_for ended=
} | session "PS1='\$ready ' $lab --timeout=120 env PS1='\$ready ' sh"
text=$(tr -d '\r' <session)
has 'window size' '33 101' "$text"
has 'Ctrl-C ends the command, not the lab' after=130 "$text"
has 'long output' 20000 "$text"
has 'status' ended=9 "$text"
same 'the terminal is restored' before after

{
    wait_for up
    printf '\035x'
    wait_for ended=
} | session "$lab --timeout=120 sh -c 'echo up; sleep 100'"
has 'Ctrl-] x ends the machine' ended=130 "$(cat session)"
same 'the terminal is restored' before after
finish
