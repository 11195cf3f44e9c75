#!/bin/bash
# SPDX-License-Identifier: MIT
# An installed kvm-bench finds beside itself all that the one in the build folder has.
set -u
build=$MINIKVM_BUILD
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
unset MINIKVM_BUILD MINIKVM_PLOT_SCRIPTS
cd "$dir" || exit 1

# fail WHAT [LOG]
fail() {
    echo "FAIL: $1"
    [ $# -lt 2 ] || cat "$2"
    exit 1
}

meson install -C "$build" --no-rebuild --quiet --destdir "$dir/root" >log 2>&1 ||
    fail 'meson install' log
installed=$(dirname "$(find root -type f -name kvm-bench)")
for place in "$build" "$installed"; do
    name=$(basename "$place")
    "$place/kvm-bench" run --where=host --no-crosscheck --backend=native --workload=loop --runs=6 \
        --output="$name" >log 2>&1 || fail "kvm-bench of $place" log
    jq -c '.images[] | del(.about)' "$name/machine.json" >"$name.images"
    [ -s "$name/report.html" ] && ls "$name"/plots/*.svg >/dev/null || fail "$place: no report" log
done
diff "$(basename "$build").images" minikvm.images || fail 'images are not installed'
for name in kvm-vmm kvm-bench; do
    [ -f "root$(readlink "$(find root -type l -name $name)")" ] || fail "bin/$name leads nowhere"
done
echo 'ok   programs, images, plots and links'
