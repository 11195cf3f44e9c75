# SPDX-License-Identifier: MIT
# The streams between the user, QEMU and the machine: pipes, processes that carry, QEMU's character
# devices, the terminal. Sourced by scripts/lab.
#
# QEMU never touches this script's own stdin and stdout (it would set them non-blocking): cat
# stands between. Everything started here dies with this script, even if that is killed.

our_ends=() qemu_ends=() # of the pipes to and from QEMU
stdin_pid='' stdout_pid='' stderr_pid='' console_pid='' job_pid=''
saved_tty='' guard_fd=''

# open_streams: what is used before the machine is there
open_streams() {
    open_file log
    exec {user_stdin}<&0 # a background command would get /dev/null
    exec {null}<>/dev/null
    qemu_in=$null qemu_out=$log_fd
}

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

mortal() { exec setpriv --pdeathsig KILL "$@"; }

# relay FROM_FD TO_FD COMMAND...: runs it between the two, holding no other end of a pipe
relay() {
    local from=$1 to=$2
    shift 2
    (
        exec <&"$from" >&"$to"
        close_all "${our_ends[@]}" "${qemu_ends[@]}" $guard_fd
        "$@"
    ) &
}

# end_processes PID...: no more of them after this
end_processes() {
    (($#)) || return 0
    kill -KILL "$@" 2>/dev/null
    wait "$@" 2>/dev/null
}

# output ID FD: what the device writes goes to the descriptor. As a log, since only that is written
# without fail: a device loses what does not fit into a pipe when the machine ends.
output() { chardevs+=(-chardev "file,id=$1,path=/dev/null,logfile=/proc/self/fd/$2,logappend=on"); }

nothing() { chardevs+=(-chardev "null,id=$1"); }

# The three streams as virtio ports: any bytes, flow control, an end of file.
connect_port() {
    connect_control
    connect_stdin
    connect_stdout
    connect_stderr
    chardevs+=(-chardev stdio,id=stdin,signal=off)
    output stdout "$stdout_w"
    nothing tty
}

# A terminal: ttyS1, whose window follows ours.
connect_tty() {
    make_terminal_raw
    connect_control
    connect_stdin
    connect_stdout
    connect_stderr
    chardevs+=(-echr 0x1d
        -chardev "stdio,id=tty,signal=off,mux=on,logfile=/proc/self/fd/$stdout_w,logappend=on")
    qemu_out=$null
    nothing stdin
    nothing stdout
    exec {window_fd}>&"$control_w"
    trap 'stty size <&"$user_stdin" >&"$window_fd"' WINCH
}

# Plain files only: nothing the machine could ever have to wait for.
connect_serial() {
    local name
    for name in stdout stderr archive; do
        open_file $name
        local fd=${name}_fd
        chardevs+=(-chardev "file,id=$name,path=/proc/self/fd/${!fd},append=on")
    done
}

# The job, then a heartbeat, and in between the window's size. The pipe has no end that QEMU could
# see.
connect_control() {
    new_pipe to control
    relay "$null" "$control_w" emit_control_and_beat
    job_pid=$!
    chardevs+=(-chardev "pipe,id=control,path=/proc/self/fd/$control_r")
}

# Under load the machine loses an interrupt now and then; when it is the timer's, it stands still until
# any other comes. The beat is that other one. (HACKING.md, "The lab")
emit_control_and_beat() {
    local never
    emit_control
    exec {never}<> <(:)
    while :; do
        read -r -t 0.1 -u "$never"
        echo
    done
}

connect_stdin() {
    new_pipe to stdin
    relay "$user_stdin" "$stdin_w" mortal cat
    stdin_pid=$!
    qemu_in=$stdin_r
}

connect_stdout() {
    new_pipe from stdout
    relay "$stdout_r" 1 mortal cat
    stdout_pid=$!
}

connect_stderr() {
    if [[ -n $merged ]]; then
        nothing stderr
        return
    fi
    new_pipe from stderr
    relay "$stderr_r" 2 mortal cat
    stderr_pid=$!
    output stderr "$stderr_w"
}

# Puts our terminal into raw mode, and back even if this script is killed: when the only write
# end of a pipe is gone.
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

# read_console: keeps the console, with the host's time before each phase for --timing
read_console() {
    local line
    while IFS= read -r line; do
        line=${line%$'\r'}
        printf '%s\n' "$line"
        [[ -z $verbose ]] || printf '%s\n' "$line" >&2
        [[ $line != *'] lab: phase '* ]] || printf '%s %s\n' "$EPOCHREALTIME" "$line" >&"$stamps_fd"
    done
}

# deliver_to FD COMMAND...: what an exact machine sent
deliver_to() {
    local fd=$1
    shift
    [[ ! -s /proc/self/fd/$fd ]] || gzip -dc <"/proc/self/fd/$fd" | "$@"
}
