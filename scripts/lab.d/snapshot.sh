# SPDX-License-Identifier: MIT
# A machine of the root mode is the same for every job until it is told what to do. So it is booted
# once and its state kept; labs start from that in a fraction of the time. Sourced by scripts/lab.
#
# BUILD/lab/snapshot is the state as QEMU migrates it; snapshot.key says what it depends on. One
# machine is kept: one processor, default memory, our kernel. Others boot, and so do exact ones:
# their clock would show when the snapshot was taken.

# open_snapshot: sets snapshot to a descriptor of the state, or to nothing, which means boot
open_snapshot() {
    local state=$build/lab/snapshot lock
    snapshot=''
    [[ -z $cold && -z $exact && $smp = 1 && $mem = "$default_mem" && -z $kernel ]] || return 0
    if ! fits "$state.key"; then
        exec {lock}>"$build/lab/lock" || return 0
        flock "$lock"
        fits "$state.key" || make_snapshot "$state"
        exec {lock}>&-
        fits "$state.key" || return 0
    fi
    exec {snapshot}<"$state" || snapshot=''
}

# snapshot_key: what the state depends on
snapshot_key() {
    stat -Lc '%n %s %Y' -- "$(type -P qemu-system-x86_64)" "$vmlinux" "$initramfs" \
        "$scripts/lab.d/machine.sh"
}

# fits KEY_FILE: the state is of this machine, and the time-stamp counter still runs at the rate
# that its kernel was told
fits() {
    local khz key
    [[ -r $1 ]] && { read -r khz && key=$(cat); } <"$1" && [[ $key = "$(snapshot_key)" ]] &&
        ((khz - tsc_khz < khz / 5000 && tsc_khz - khz < khz / 5000))
}

# make_snapshot STATE: boots to the point where the machine waits for its job, and a little
# further, until the kernel's delayed work is done
make_snapshot() {
    local state=$1 boot_r boot_w monitor_r monitor_w qemu_in qemu_out name
    local -a chardevs=()
    [[ -z $verbose ]] || echo 'lab: booting, to keep a snapshot for the next time' >&2
    unnamed=$state.new
    rm -f -- "$unnamed" "$state.key"
    new_pipe from boot
    new_pipe to monitor
    qemu_in=$monitor_r qemu_out=$log_fd
    output console "$boot_w"
    for name in control stdin stdout stderr tty; do
        nothing "$name"
    done
    LAB_STATE=$unnamed run_qemu "${machine[@]}" "${chardevs[@]}" -monitor stdio
    close_all "${qemu_ends[@]}"
    if wait_for_ready "$boot_r"; then
        printf '%s\n' 'migrate_set_parameter max-bandwidth 100G' 'migrate "exec:cat >$LAB_STATE"' \
            'info migrate' quit >&"$monitor_w"
        wait $qemu_pid
        ! grep -q 'Migration status: completed' "/proc/self/fd/$log_fd" ||
            { mv -- "$unnamed" "$state" && { echo "$tsc_khz"; snapshot_key; } >"$state.key"; }
    fi
    end_processes $qemu_pid
    close_all "${our_ends[@]}"
    our_ends=() qemu_ends=() qemu_pid=''
    rm -f -- "$unnamed"
    unnamed=''
}

# wait_for_ready FD: reads the machine's console
wait_for_ready() {
    local line
    while read -r -t 120 -u "$1" line; do
        [[ -z $verbose ]] || printf '%s\n' "${line%$'\r'}" >&2
        if [[ $line = *'] lab: ready'* ]]; then
            sleep 1
            return
        fi
    done
    return 1
}
