# SPDX-License-Identifier: MIT
# The machine: what QEMU is told, its start, its end. Sourced by scripts/lab.

qemu_pid='' timer_pid=''

# run_qemu WORD...: in the background, see qemu_pid
run_qemu() {
    (
        close_all "${our_ends[@]}" $guard_fd
        mortal qemu-system-x86_64 "$@" <&"$qemu_in" >&"$qemu_out" 2>&"$log_fd"
    ) &
    qemu_pid=$!
}

# Sets machine: all of it but where its character devices lead. What the root mode has must not
# depend on the job, since a snapshot (lab.d/snapshot.sh) only fits the machine it was taken of.
describe_machine() {
    local name
    tsc_khz=1000000 # with icount: 1 ns an instruction
    [[ -n $exact ]] || tsc_khz=$("$build/lab/tsc_khz") || exit 125
    machine=(-M microvm -m "$mem" -smp "$smp" -nodefaults -no-user-config -display none -no-reboot
        -device isa-debug-exit,iobase=0x501,iosize=2 -kernel "$vmlinux" -append "$(kernel_options)"
        -serial chardev:console)
    if [[ -n $exact ]]; then
        machine+=(-accel 'tcg,thread=single' -icount 'shift=0,sleep=off'
            -cpu 'max,-rdrand,-rdseed' -rtc 'base=2024-01-01T00:00:00,clock=vm' -seed 1)
    else
        machine+=(-accel 'tcg,thread=multi' -cpu max)
    fi
    if [[ $mode = exact ]]; then
        machine+=(-initrd "/proc/self/fd/$initrd_fd"
            -device isa-serial,chardev=stdout,iobase=0x2f8,irq=3
            -device isa-serial,chardev=stderr,iobase=0x3e8,irq=4
            -device isa-serial,chardev=archive,iobase=0x2e8,irq=3)
        return
    fi
    machine+=(-initrd "$initramfs" -device isa-serial,chardev=tty,iobase=0x2f8,irq=3
        -fsdev "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"
        -device virtio-9p-device,fsdev=root,mount_tag=hostroot
        -fsdev "local,id=results,path=$(commas "${results:-$build/lab/kernel}"),security_model=none"
        -device virtio-9p-device,fsdev=results,mount_tag=results -device virtio-serial-device)
    for name in control stdin stdout stderr; do
        machine+=(-device "virtserialport,chardev=$name,name=$name")
    done
}

# An exact machine, which has no virtio devices to find, needs no ACPI; without that there is a PIT,
# and to calibrate the timer of the local APIC would take longer than all else in booting.
kernel_options() {
    local -a options=(console=ttyS0 quiet panic=-1 printk.devkmsg=on cryptomgr.notests apparmor=0
        audit=0 random.trust_cpu=on tsc=reliable "tsc_early_khz=$tsc_khz" no_timer_check
        noreplace-smp)
    [[ -z $exact ]] || options+=(norandmaps)
    [[ $mode != exact ]] || options+=(acpi=off nolapic_timer)
    echo "${options[@]}"
}

# commas TEXT: as QEMU wants them in an option
commas() { printf '%s' "${1//,/,,}"; }

start_machine() {
    chardevs=()
    open_file stamps
    new_pipe from console
    relay "$console_r" "$log_fd" read_console
    console_pid=$!
    output console "$console_w"
    connect_$io
    if ((timeout_s > 0)); then
        relay "$null" "$null" mortal sleep "$timeout_s"
        timer_pid=$!
    fi
    if [[ -n $snapshot ]]; then
        run_qemu "${machine[@]}" "${chardevs[@]}" -incoming "fd:$snapshot"
    else
        run_qemu "${machine[@]}" "${chardevs[@]}"
    fi
    qemu_started=$EPOCHREALTIME
    close_all "${our_ends[@]}" "${qemu_ends[@]}"
}

# watch_machine: until it ends, the time is up, or nobody reads the output any more
watch_machine() {
    local ended status
    while :; do
        wait -n -p ended $qemu_pid $timer_pid $stdout_pid
        status=$?
        case ${ended-} in
        '') ;; # a signal whose trap returned
        "$qemu_pid") qemu_pid='' qemu_status=$status; return ;;
        "$timer_pid")
            timer_pid='' qemu_status=timeout
            printf 'lab: timeout after %s s%s\n' "$timeout_s" \
                "$([[ $mode = root ]] || echo "; an exact machine sends its output at the end")" >&2
            return ;;
        "$stdout_pid")
            stdout_pid=''
            ((status == 0)) || exit 141 ;; # as if SIGPIPE had ended us
        esac
    done
}

# end_machine: the trap on exit
end_machine() {
    end_processes $qemu_pid $timer_pid $stdin_pid $job_pid $stdout_pid $stderr_pid $console_pid
    [[ -z $saved_tty ]] || stty "$saved_tty" <&"$user_stdin"
    close_all $guard_fd
    [[ -z $unnamed ]] || rm -f -- "$unnamed"
}

# finish: everything that was written comes out, then the command's status
finish() {
    local status
    end_processes $qemu_pid $timer_pid $stdin_pid $job_pid
    wait $stdout_pid $stderr_pid $console_pid
    qemu_pid='' timer_pid='' stdin_pid='' job_pid='' stdout_pid='' stderr_pid='' console_pid=''
    end_machine
    saved_tty=''
    if [[ $io = serial ]]; then
        deliver_to "$stdout_fd" cat
        [[ -n $merged ]] || deliver_to "$stderr_fd" cat >&2
    fi
    [[ $qemu_status != timeout ]] || exit 124
    status=$(sed -n 's/.*\] lab: status \([0-9]\{1,3\}\)$/\1/p' "/proc/self/fd/$log_fd" | tail -n 1)
    [[ $qemu_status = 1 && -n $status ]] || explain_death
    [[ $mode = root || -z $results ]] || unpack_results
    [[ -z $timing ]] || report_timing
    exit "$status"
}

explain_death() {
    if [[ $io = tty && $qemu_status = 0 ]] && ! grep -q 'Kernel panic' "/proc/self/fd/$log_fd"; then
        printf 'lab: the machine was ended\n' >&2
        exit 130
    fi
    printf 'lab: the machine failed (QEMU status %s); its last messages:\n' "$qemu_status" >&2
    tail -n 30 "/proc/self/fd/$log_fd" >&2
    exit 125
}

unpack_results() {
    (cd -- "$results" && deliver_to "$archive_fd" busybox cpio -idu 2>/dev/null) ||
        fail "cannot unpack the results"
}

# report_timing: spans in milliseconds of this host's clock. Where the machine was booted, its
# own clock at the first mark tells when the kernel started; an exact machine's clock does not.
report_timing() {
    sort -n "/proc/self/fd/$stamps_fd" | awk -v started="$started" -v qemu="$qemu_started" \
        -v end="$EPOCHREALTIME" -v exact="$exact" '
        function span(name, to) {
            printf "lab: %-24s %7.0f ms\n", name, (to - last) * 1000
            last = to
        }
        { at[$(NF - 1)] = $1; if ($(NF - 1) == "init") up = $NF }
        END {
            last = started
            span("prepare", qemu)
            if (!("init" in at))
                span("QEMU start, snapshot", at["job"])
            else {
                if (!exact)
                    span("QEMU start, firmware", at["init"] - up)
                span(exact ? "start to init" : "kernel to init", at["init"])
                span("modules", at["modules"])
                if ("job" in at)
                    span("wait for job", at["job"])
            }
            span("file systems", at["root"])
            span("command", at["command"])
            span("shutdown", end)
            last = started
            span("total", end)
        }' >&2
}
