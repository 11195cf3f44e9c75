# SPDX-License-Identifier: MIT
# Writes cpio archives of the "newc" kind, the kernel's initramfs format, to stdout. Sourced.
# Nothing but names, modes and contents goes in (owner 0, time 0), so the same input gives
# the same bytes. newc_end closes an archive; archives may follow one another in an initrd.

# newc_header MODE(octal) NAME SIZE: a header; names are relative, without "./"
newc_header() {
    local LC_ALL=C
    local name_bytes=$((${#2} + 1))
    printf '070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\0' \
        0 $((8#$1)) 0 0 1 0 "$3" 0 0 0 0 "$name_bytes" 0 "$2"
    newc_pad $((110 + name_bytes))
}

# newc_pad SIZE: zeros up to the next multiple of 4
newc_pad() {
    case $((($1) % 4)) in
    1) printf '\0\0\0' ;;
    2) printf '\0\0' ;;
    3) printf '\0' ;;
    esac
}

newc_dir() { newc_header 40755 "$1" 0; }

# newc_text NAME TEXT: a file of this text
newc_text() {
    local LC_ALL=C
    newc_header 100644 "$1" ${#2}
    printf '%s' "$2"
    newc_pad ${#2}
}

newc_symlink() {
    local LC_ALL=C
    newc_header 120777 "$1" ${#2}
    printf '%s' "$2"
    newc_pad ${#2}
}

# newc_file NAME FILE MODE [SIZE]: a copy of FILE
newc_file() {
    local size=${4:-$(stat -Lc %s -- "$2")}
    newc_header "$3" "$1" "$size"
    cat -- "$2" || return
    newc_pad "$size"
}

newc_end() { newc_header 0 'TRAILER!!!' 0; }
