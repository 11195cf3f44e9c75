# SPDX-License-Identifier: MIT
# Starts QEMU, carries stdin, stdout and stderr, watches it to its end. Sourced by scripts/lab.
#
# QEMU never touches this script's own stdin and stdout (it would set them non-blocking): cat
# stands between. Everything started here dies with this script, even if that is killed.

our_ends=() qemu_ends=() # of the pipes to and from QEMU
qemu_pid='' timer_pid='' stdin_pid='' stdout_pid='' stderr_pid='' console_pid='' saved_tty='' guard_fd='' unnamed=''

# new_pipe from|to NAME: an anonymous pipe with the ends NAME_r and NAME_w, from or to QEMU
new_pipe() {
    local both
    exec {both}<> <(:)
    eval "exec {$2_r}</proc/self/fd/\$both {$2_w}>/proc/self/fd/\$both"
    exec {both}>&-
    local r="$2_r" w="$2_w"
    case $1 in
    from) our_ends+=("${!r}") qemu_ends+=("${!w}") ;;
    to) our_ends+=("${!w}") qemu_ends+=("${!r}") ;;
    esac
}

close_all() {
    local fd
    for fd; do
        exec {fd}>&-
    done
}

# relay FROM_FD TO_FD COMMAND...: runs it between the two, holding no other end of a pipe
relay() {
    local from=$1 to=$2
    shift 2
    (
        trap - HUP INT TERM EXIT
        exec <&"$from" >&"$to"
        close_all "${our_ends[@]}" "${qemu_ends[@]}" $guard_fd
        "$@"
    ) &
}

mortal() { exec setpriv --pdeathsig KILL "$@"; }

# output ID FD: what the device writes goes to the descriptor. As a log, since only that is written
# without fail: a device loses what does not fit into a pipe when the machine ends.
output() { qemu+=(-chardev "file,id=$1,path=/dev/null,logfile=/proc/self/fd/$2,logappend=on"); }

serial_port() { qemu+=(-device "isa-serial,chardev=$1,iobase=$2,irq=$3"); }

start_machine() {
    local tsc_khz=1000000 # under icount: 1 ns an instruction
    [[ -n $exact ]] || tsc_khz=$("$build/lab/tsc_khz") || exit 125
    qemu=(qemu-system-x86_64 -M microvm -m "$mem" -smp "$smp" -nodefaults -no-user-config
        -display none -no-reboot -device isa-debug-exit,iobase=0x501,iosize=2
        -kernel "$vmlinux" -initrd "/proc/self/fd/$initrd_fd" -append "$(kernel_options)")
    exec {user_stdin}<&0 # a background command would get /dev/null
    open_file log
    open_file stamps
    exec {null}<>/dev/null {qemu_in}</dev/null {qemu_out}>&"$log_fd"
    new_pipe from console
    relay "$console_r" "$log_fd" read_console
    console_pid=$!
    output console "$console_w"
    qemu+=(-serial chardev:console)
    if [[ -n $exact ]]; then
        qemu+=(-accel 'tcg,thread=single' -icount 'shift=0,sleep=off' -cpu 'max,-rdrand,-rdseed'
            -rtc 'base=2024-01-01T00:00:00,clock=vm' -seed 1)
    else
        qemu+=(-accel 'tcg,thread=multi' -cpu max)
    fi
    [[ $mode = exact ]] || connect_files
    connect_$io
    if ((timeout_s > 0)); then
        relay "$qemu_in" "$log_fd" mortal sleep "$timeout_s"
        timer_pid=$!
    fi
    (
        close_all "${our_ends[@]}" $guard_fd
        mortal "${qemu[@]}" <&"$qemu_in" >&"$qemu_out" 2>&"$log_fd"
    ) &
    qemu_pid=$!
    qemu_started=$EPOCHREALTIME
    close_all "${our_ends[@]}" "${qemu_ends[@]}"
}

kernel_options() {
    echo console=ttyS0 quiet panic=-1 printk.devkmsg=on cryptomgr.notests apparmor=0 audit=0 \
        random.trust_cpu=on tsc=reliable no_timer_check \
        tsc_early_khz=$tsc_khz ${exact:+norandmaps}
}

connect_files() {
    qemu+=(-fsdev "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"
        -device virtio-9p-device,fsdev=root,mount_tag=hostroot)
    [[ -n $results ]] || return 0
    qemu+=(-fsdev "local,id=results,path=${results//,/,,},security_model=none"
        -device virtio-9p-device,fsdev=results,mount_tag=results)
}

# The three streams as virtio ports: any bytes, flow control, an end of file.
connect_port() {
    local name
    new_pipe to stdin
    new_pipe from stdout
    relay "$user_stdin" "$stdin_w" mortal cat
    stdin_pid=$!
    relay "$stdout_r" 1 mortal cat
    stdout_pid=$!
    qemu+=(-chardev stdio,id=stdin,signal=off)
    qemu_in=$stdin_r
    output stdout "$stdout_w"
    qemu+=(-device virtio-serial-device)
    for name in stdin stdout; do
        qemu+=(-device "virtserialport,chardev=$name,name=$name")
    done
    [[ -n $merged ]] || connect_stderr
}

connect_stderr() {
    new_pipe from stderr
    relay "$stderr_r" 2 mortal cat
    stderr_pid=$!
    output stderr "$stderr_w"
    qemu+=(-device virtserialport,chardev=stderr,name=stderr)
}

# Puts our terminal into raw mode, and back even if this script is killed: when the only write end
# of a pipe is gone.
make_terminal_raw() {
    saved_tty=$(stty -g)
    new_pipe from guard
    unset "our_ends[-1]" "qemu_ends[-1]"
    (
        trap '' TTOU HUP INT TERM
        close_all "$guard_w" "${our_ends[@]}" "${qemu_ends[@]}"
        read -r -u "$guard_r"
        stty "$saved_tty" <&"$user_stdin"
    ) &
    exec {guard_r}<&-
    guard_fd=$guard_w
    stty raw -echo
}

# A terminal: ttyS1, whose window follows ours by a port of its own.
connect_tty() {
    new_pipe to stdin
    new_pipe from stdout
    new_pipe to window
    make_terminal_raw
    relay "$user_stdin" "$stdin_w" mortal cat
    stdin_pid=$!
    relay "$stdout_r" 1 mortal cat
    stdout_pid=$!
    qemu+=(-chardev "stdio,id=tty,signal=off,mux=on,logfile=/proc/self/fd/$stdout_w,logappend=on")
    qemu_in=$stdin_r qemu_out=$null
    serial_port tty 0x2f8 3
    qemu+=(-chardev "pipe,id=window,path=/proc/self/fd/$window_r")
    qemu+=(-echr 0x1d -device virtio-serial-device
        -device virtserialport,chardev=window,name=window)
    exec {window_fd}>&"$window_w"
    [[ -n $merged ]] || connect_stderr
    trap 'stty size >&"$window_fd"' WINCH
}

# Nothing that could make the machine wait for us: plain files.
connect_serial() {
    open_file stdout
    open_file stderr
    open_file archive
    output stdout "$stdout_fd"
    output stderr "$stderr_fd"
    output archive "$archive_fd"
    serial_port stdout 0x2f8 3
    serial_port stderr 0x3e8 4
    serial_port archive 0x2e8 3
}

# read_console: keeps the console, and when lines came if --timing wants to know
read_console() {
    local line
    while IFS= read -r line; do
        line=${line%$'\r'}
        printf '%s\n' "$line"
        [[ -z $verbose ]] || printf '%s\n' "$line" >&2
        [[ $line != *'] lab: phase '* ]] || printf '%s %s\n' "$EPOCHREALTIME" "$line" >&"$stamps_fd"
    done
}

# watch_machine: until it ends, the time is up, or nobody reads the output any more
watch_machine() {
    local ended status
    while :; do
        ended=''
        wait -n -p ended $qemu_pid $timer_pid $stdout_pid
        status=$?
        case ${ended-} in
        '') ;; # a signal whose trap returned
        "$qemu_pid") qemu_pid='' qemu_status=$status; return ;;
        "$timer_pid")
            timer_pid=''
            printf 'lab: timeout after %s s\n' "$timeout_s" >&2
            qemu_status=timeout
            return ;;
        "$stdout_pid")
            stdout_pid=''
            ((status == 0)) || exit 141 ;; # as if SIGPIPE had ended us
        esac
    done
}

# end_processes PID...: no more of them after this
end_processes() {
    (($#)) || return 0
    kill -KILL "$@" 2>/dev/null
    wait "$@" 2>/dev/null
}

end_machine() {
    end_processes $qemu_pid $timer_pid $stdin_pid $stdout_pid $stderr_pid $console_pid
    [[ -z $saved_tty ]] || stty "$saved_tty"
    close_all $guard_fd
    [[ -z $unnamed ]] || rm -f -- "$unnamed"
}

# finish: everything that was written comes out, then the command's status
finish() {
    local status
    end_processes $qemu_pid $timer_pid $stdin_pid
    qemu_pid='' timer_pid='' stdin_pid=''
    wait $stdout_pid $stderr_pid $console_pid
    stdout_pid='' stderr_pid='' console_pid=''
    end_machine
    saved_tty=''
    if [[ $io = serial ]]; then
        cat <"/proc/self/fd/$stdout_fd"
        cat <"/proc/self/fd/$stderr_fd" >&2
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
    gzip -dc <"/proc/self/fd/$archive_fd" | (cd -- "$results" && busybox cpio -idu 2>/dev/null) ||
        fail "cannot unpack the results"
}

# report_timing: spans in milliseconds of this host's clock. The kernel's own clock at the first
# mark tells when the kernel started.
report_timing() {
    sort -n "/proc/self/fd/$stamps_fd" | awk -v started="$started" -v qemu="$qemu_started" \
        -v end="$EPOCHREALTIME" '
        function span(name, from, to) { printf "lab: %-28s %7.0f ms\n", name, (to - from) * 1000 }
        { at[$(NF - 1)] = $1; if ($(NF - 1) == "init") uptime = $NF }
        END {
            kernel = at["init"] - uptime
            span("prepare", started, qemu)
            span("QEMU start, firmware", qemu, kernel)
            span("kernel to init", kernel, at["init"])
            span("modules", at["init"], at["modules"])
            span("file systems", at["modules"], at["root"])
            span("command", at["root"], at["command"])
            span("shutdown", at["command"], end)
            span("total", started, end)
        }' >&2
}
