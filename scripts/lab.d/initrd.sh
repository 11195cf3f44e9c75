# SPDX-License-Identifier: MIT
# What the lab boots: kernel and initramfs, and what the job adds. Sourced by scripts/lab.

# Sets vmlinux and initramfs. The kernel comes from setup.sh (lab.d/kernel) or --kernel; the
# initramfs is made again when something it is made of has changed.
find_machine() {
    local key
    vmlinux=$build/lab/kernel/vmlinux
    initramfs=$build/lab/initramfs.cpio
    if [[ -n $kernel ]]; then
        [[ -r $kernel ]] || fail "cannot read the kernel $kernel"
        vmlinux=$kernel
        [[ -n $modules || $kernel != *vmlinu?-* ]] || modules=/lib/modules/${kernel##*vmlinu?-}
        [[ -d $modules ]] || wrong_usage "--modules must name the folder of $kernel's modules"
        initramfs=$build/lab/initramfs-${modules//\//_}.cpio
    elif ! "$scripts/lab.d/kernel" "$build" --check; then
        fail "no usable kernel in $build/lab" "scripts/setup.sh fetches it"
    fi
    modules=${modules:-$build/lab/kernel/modules}
    key=$(initramfs_key)
    if [[ ! -r $initramfs || ! -r $initramfs.key || $key != "$(<"$initramfs.key")" ]]; then
        make_file "$initramfs" pack_initramfs
        printf '%s\n' "$key" >"$initramfs.key"
    fi
    [[ ! $scripts/lab.d/tsc_khz.c -nt $build/lab/tsc_khz ]] ||
        make_file "$build/lab/tsc_khz" compile_tsc_khz
}

# make_file FILE COMMAND: the command makes it, under the name it is given; FILE is whole or as
# it was. (unnamed: what end_machine has to remove.)
make_file() {
    mkdir -p -- "${1%/*}" || exit 125
    unnamed=$1.$$
    "$2" "$unnamed" && mv -- "$unnamed" "$1" || fail "cannot make $1"
}

# initramfs_key: what it is made of
initramfs_key() {
    cat -- "$scripts"/lab.d/{init,initramfs,newc.sh} "$(type -P busybox)" | cksum
    stat -Lc '%n %Y' -- "$modules"
}

pack_initramfs() {
    "$scripts/lab.d/initramfs" "$scripts/lab.d/init" "$(type -P busybox)" "$modules" >"$1"
}

compile_tsc_khz() { "${CC:-cc}" -O2 -o "$1" "$scripts/lab.d/tsc_khz.c"; }

# open_file NAME: a new file that has no name, only the descriptor ${NAME}_fd: however this
# script ends, nothing stays behind.
open_file() {
    unnamed=${TMPDIR:-/tmp}/lab.$$.$1.$SRANDOM
    (umask 077 && set -C && : >"$unnamed") || exit 125
    eval "exec {$1_fd}<>\"\$unnamed\""
    rm -f -- "$unnamed"
}

# read_stdin: all of it, before an exact machine starts; from a terminal, nothing
read_stdin() {
    local never note_pid
    open_file stdin
    [[ ! -t 0 ]] || return 0
    (
        exec {never}<> <(:)
        read -r -t 2 -u "$never"
        echo "lab: --exact reads all of stdin first; waiting for its end (or use </dev/null)" >&2
    ) &
    note_pid=$!
    cat >&"$stdin_fd"
    end_processes "$note_pid"
}

# make_initrd: the initramfs and the files of an exact machine, in initrd_fd
make_initrd() {
    open_file initrd
    emit_initrd >&"$initrd_fd" ||
        fail "cannot write the initial RAM disk" "is ${TMPDIR:-/tmp} full?"
}

emit_initrd() {
    cat -- "$initramfs" || return
    newc_text .lab/job "$(emit_job)"
    newc_file .lab/stdin "/proc/$BASHPID/fd/$stdin_fd" 100644
    emit_placed || return
    newc_end
}

# emit_control: the job for the control port
emit_control() {
    local LC_ALL=C job
    job=$(emit_job)
    printf '%d\n%s' "${#job}" "$job"
}

# emit_job: the settings lab.d/init reads
emit_job() {
    local name path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin size=(24 80)
    [[ $io != tty ]] || read -r -a size < <(stty size <&"$user_stdin")
    echo "mode=$mode io=$io merged=$merged results=${results:+1} rows=${size[0]} cols=${size[1]}"
    if [[ $mode = exact ]]; then
        echo "build=/build cwd=$(quote "${cwd:-/build}")"
        echo "export HOME=/root LC_ALL=C.UTF-8"
        path=/usr/bin
    else
        echo "build=$(quote "$build") cwd=$(quote "$cwd") now=$EPOCHSECONDS"
        for name in HOME USER TERM LANG LC_ALL NO_COLOR; do
            [[ -z ${!name+set} ]] || echo "export $name=$(quote "${!name}")"
        done
    fi
    echo "export PATH=\"\$build:$path\" MINIKVM_BUILD=\"\$build\" MINIKVM_LAB=${exact:+exact}"
    echo "export MINIKVM_LAB=\${MINIKVM_LAB:-1}"
    echo "run() { \"\$@\" $(quote "${command[@]}"); }"
}

# quote WORD...: for a POSIX shell
quote() {
    local word
    for word; do
        printf "'%s' " "${word//\'/\'\\\'\'}"
    done
}

# emit_placed: the files of an exact machine
emit_placed() {
    local path
    local -A placed=() # path without leading slash -> file, or / for a folder
    place_build
    [[ -z $with_qemu ]] || place_qemu
    for path in "${added[@]}"; do
        place_added "$path"
    done
    emit_in_order
}

# emit_in_order: what is in placed; folders come before what is in them
emit_in_order() {
    local i mode
    local -a paths=() files=() sizes=()
    ((${#placed[@]})) || return 0
    mapfile -d '' -t paths < <(printf '%s\0' "${!placed[@]}" | LC_ALL=C sort -z)
    for ((i = 0; i < ${#paths[@]}; i++)); do
        files[i]=${placed[${paths[i]}]}
    done
    mapfile -t sizes < <(printf '%s\0' "${files[@]}" | xargs -0 stat -Lc %s --)
    for ((i = 0; i < ${#paths[@]}; i++)); do
        if [[ ${files[i]} = / ]]; then
            newc_dir "${paths[i]}"
            continue
        fi
        mode=100644
        [[ ! -x ${files[i]} ]] || mode=100755
        newc_file "${paths[i]}" "${files[i]}" "$mode" "${sizes[i]-}" || return
    done
}

# place FILE PATH: FILE is PATH there, in folders made for it where the initramfs has none
place() {
    local folder=${2%/*}
    placed[${2#/}]=$1
    while [[ -n $folder && $folder != /@(?(usr/)@(bin|sbin|lib|lib64)|usr|build|tmp|root) ]]; do
        placed[${folder#/}]=/
        folder=${folder%/*}
    done
}

# place_build: guest images, static programs, and the command itself even if it is not static
place_build() {
    local file
    while IFS= read -r -d '' file; do
        [[ $file != *.@(bin|rom|elf) ]] && is_dynamic "$build/$file" ||
            place "$build/$file" "/build/$file"
    done < <(cd -- "$build" && find . \
        \( -name 'meson-*' -o -name '*.p' -o -path ./lab -o -path ./ci \) -prune -o \
        -type f \( -name '*.bin' -o -name '*.rom' -o -name '*.elf' -o -perm -u+x \) \
        ! -name '*.so*' -printf '%P\0')
    file=${command[0]}
    [[ ! -f $build/$file ]] || place_added "$build/$file:/build/$file"
}

# place_qemu: on Debian the name on the PATH is a script, and TCG is a module
place_qemu() {
    local file
    for file in "$(type -P qemu-system-i386)" /usr/libexec/qemu-system-i386 \
        /usr/lib/*/qemu/accel-tcg-i386.so /usr/share/seabios \
        /usr/share/qemu/{kvmvapic,multiboot,multiboot_dma,linuxboot,linuxboot_dma,bios-256k}.bin; do
        [[ ! -e $file ]] || place_added "$file"
    done
}

# place_added FILE[:PATH]
place_added() {
    local from=${1%%:*} to file
    [[ -e $from ]] || fail "--add: there is no $from"
    from=$(realpath -s -- "$from")
    to=$from
    [[ $1 != *:* ]] || to=/${1#*:}
    while [[ $to = //* ]]; do to=${to#/}; done
    if [[ -d $from ]]; then
        while IFS= read -r -d '' file; do
            place "$from/$file" "$to/$file"
        done < <(find -L "$from" -type f -printf '%P\0')
        return
    fi
    place "$from" "$to"
    is_dynamic "$from" || return 0
    while read -r file; do
        place "$file" "$file"
    done < <(ldd "$from" | grep -o '/[^ ]*')
}

# is_dynamic FILE: it needs a dynamic linker, whose name stands in the first bytes of an ELF file
is_dynamic() {
    local LC_ALL=C head
    IFS= read -r -N 800 head <"$1" 2>/dev/null
    [[ $head = *ELF*/ld-linux* ]]
}
