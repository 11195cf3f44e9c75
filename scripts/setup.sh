#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs what Mini-KVM needs on Debian 12 and fetches the lab's kernel. The only place that
# lists packages. Quick, and needs no network, when nothing is missing.
set -eu -o pipefail
scripts=$(readlink -f -- "${BASH_SOURCE[0]%/*}")

build_packages='gcc libc6-dev make git meson ninja-build pkg-config clang bpftool libbpf-dev
    libelf-dev zlib1g-dev libjansson-dev libcmocka-dev libseccomp-dev libncurses-dev'
run_packages='qemu-system-x86 gnuplot-nox jq tmux'
# One command of each, for distributions where we do not know the packages.
commands='gcc make git meson ninja pkg-config clang bpftool qemu-system-i386 gnuplot jq tmux
    busybox xz setpriv'
lab_packages='busybox-static dpkg xz-utils util-linux'
browser_packages='chromium chromium-driver curl'

usage() {
    cat <<'EOF'
Usage: scripts/setup.sh [--check] [--browser]
Install the packages needed to build and run Mini-KVM (Debian 12, with sudo unless
you are root) and fetch the kernel of scripts/lab into the build folder.

  --check    only say what is missing; status 1 if anything is
  --browser  chromium too, which only 'make test-browser' needs
  --help     this text

MINIKVM_BUILD names the build folder (default: build).
Status: 0, 1 (see --check), 2 wrong usage, 3 not done.
EOF
}

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 3
}

# missing PACKAGE...: prints those that are not installed
missing() {
    dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null |
        awk -v wanted="$*" '
            /^ii/ { have[substr($0, 4)] = 1 }
            END { n = split(wanted, p); for (i = 1; i <= n; i++) if (!have[p[i]]) print p[i] }'
}

is_debian_12() {
    (. /etc/os-release && [[ ${ID-} = debian && ${VERSION_ID-} = 12 ]]) 2>/dev/null
}

# as_root WORD...
as_root() {
    local -a sudo=()
    if ((EUID != 0)); then
        [[ -n $(type -P sudo) ]] || fail "not root, and no sudo; please run as root: $*"
        sudo=(sudo)
    fi
    "${sudo[@]}" "$@"
}

# install PACKAGE...
install() {
    echo "setup: installing $*"
    as_root apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y install --no-install-recommends "$@"
}

# The package lists may be missing, or older than what the archive still has.
fetch_kernel() {
    "$scripts/lab.d/kernel" "$build" && return
    echo 'setup: refreshing the package lists'
    as_root apt-get -q update
    "$scripts/lab.d/kernel" "$build"
}

check='' packages="$build_packages $run_packages $lab_packages"
for option; do
    case $option in
    --check) check=1 ;;
    --browser) packages+=" $browser_packages" ;;
    -h | --help) usage; exit ;;
    *)
        printf 'setup: unknown option %s\nsetup: try %s --help\n' "$option" "$0" >&2
        exit 2 ;;
    esac
done

build=${MINIKVM_BUILD:-${scripts%/*}/build}
if ! is_debian_12; then
    absent=$(for name in $commands; do command -v "$name" >/dev/null || echo "$name"; done)
    [[ -n $absent ]] || exit 0
    echo "setup: this is not Debian 12, and these commands are missing:" $absent >&2
    echo 'setup: please install the equivalents of these Debian packages:' >&2
    printf '  %s\n' $packages >&2
    echo 'setup: and give scripts/lab a kernel, see --kernel and --modules there' >&2
    exit 3
fi

todo=$(missing $packages)
if [[ -n $check ]]; then
    status=0
    [[ -z $todo ]] || { echo "setup: missing packages:" $todo; status=1; }
    "$scripts/lab.d/kernel" "$build" --verify ||
        { echo "setup: missing: the lab's kernel"; status=1; }
    exit $status
fi
[[ -z $todo ]] || install $todo || fail "could not install everything; see above"
fetch_kernel
