#!/bin/bash
# SPDX-License-Identifier: MIT
# kvm-bench run, list and gate from outside, against the test doubles of fake/.
#   run.sh KVM_BENCH KVM_LAUNCH FAKE_FOLDER PLOT_SCRIPTS [CHECK...]
set -u
export LC_ALL=C NO_COLOR=1
bench=$1 launch=$2 fake=$3
export MINIKVM_PLOT_SCRIPTS=$4
shift 4
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# A build folder with a space in its name.
export MINIKVM_BUILD="$dir/the build"
mkdir -p "$MINIKVM_BUILD/bench" "$MINIKVM_BUILD/guests" "$dir/libexec" "$dir/tmp dir"
export TMPDIR="$dir/tmp dir"
cp "$bench" "$MINIKVM_BUILD/kvm-bench"
cp "$launch" "$MINIKVM_BUILD/bench/kvm-launch"
cp "$fake/kvm-vmm" "$fake/kvm-floor" "$MINIKVM_BUILD/"
cp "$fake/libexec/qemu-system-i386" "$dir/libexec/"
sed "s,@LIBEXEC@,$dir/libexec," "$fake/qemu-system-i386" >"$dir/qemu-system-i386"
chmod +x "$dir/qemu-system-i386"
printf x >"$MINIKVM_BUILD/guests/hello.bin"
printf x >"$MINIKVM_BUILD/guests/hello.rom"
export MINIKVM_QEMU="$dir/qemu-system-i386" MINIKVM_LAB_SCRIPT=/nowhere/lab FAKE=
unset MINIKVM_LAB
export PATH="$MINIKVM_BUILD:$PATH"
out="$dir/out" results="$dir/some results"

fail() { echo "$1" >"$dir/reason"; return 1; }

# run OPTION...: hello, on this machine, without the kernel's witness and without a report
run() {
    rm -rf "$results"
    timeout 60 kvm-bench run --where=host --workload=hello --no-crosscheck --no-report \
        --output="$results" "$@" >"$out" 2>&1
    status=$?
}

expect() { [[ $status = "$1" ]] || fail "status $status where $1 was due: $(tail -n 3 "$out")"; }
said() { grep -qF -- "$1" "$out" || fail "does not say '$1': $(tail -n 5 "$out")"; }
# rows PATTERN: how many lines of samples.csv match
rows() { grep -cE -- "$1" "$results/samples.csv"; }
count() { local n; n=$(rows "$2"); [[ $n = "$1" ]] || fail "$n rows match $2 where $1 were due"; }

check_good_run() {
    run --warmup=1 --runs=3 --guests=1
    expect 0 && count 1 '^host,hello,1,kvm-vmm,0,warmup,1,wall,ns,' &&
        count 3 '^host,hello,1,kvm-vmm,[0-2],counted,1,wall,ns,' &&
        count 3 '^host,hello,1,qemu-tcg,[0-2],counted,1,wall,ns,' &&
        count 3 '^host,hello,1,kvm-vmm,.,counted,1,exits,exits,13$' &&
        count 3 '^host,hello,1,kvm-vmm,.,counted,1,exits.KVM_EXIT_IO,exits,12$' &&
        count 3 '^host,hello,1,kvm-vmm,.,counted,1,exit.KVM_EXIT_IO.handler.total,ns,1200$' &&
        count 3 '^host,hello,1,floor,.,counted,1,exit.KVM_EXIT_IO.loop.total,ns,1200$' &&
        count 3 ',counted,1,phase.load,ns,' && count 0 ',0,failure,' &&
        count 1 '^host,hello,1,kvm-vmm,0,traced,1,image,bytes,1$' || return
    # three counted runs of 12 exits each, in the bucket the statistics named
    grep -qx 'host,hello,1,kvm-vmm,KVM_EXIT_IO,run,ns,[0-9]*,[0-9]*,36' "$results/histograms.csv" ||
        fail "histograms are not summed over the counted runs"
}

check_order_turns_around() {
    run --warmup=0 --runs=2 --guests=1
    local order
    order=$(awk -F, '$6 == "counted" && $8 == "wall" { printf "%s ", $4 }' "$results/samples.csv")
    expect 0 || return
    [[ $order = "kvm-vmm qemu-tcg floor floor qemu-tcg kvm-vmm " ]] || fail "order: $order"
}

# All backends of a workload have as many runs, beyond the minimum too.
check_groups_stay_together() {
    run --warmup=0 --time=2s --guests=1,2
    expect 0 || return
    local guests ours
    for guests in 1 2; do
        ours=$(rows "^host,hello,$guests,kvm-vmm,.*,counted,1,wall,")
        [[ $ours -ge 6 ]] || { fail "$ours runs of $guests guests, the minimum is 6"; return; }
        count "$ours" "^host,hello,$guests,qemu-tcg,.*,counted,1,wall," || return
    done
    count "$(rows '^host,hello,1,kvm-vmm,.*,counted,1,wall,')" '^host,hello,1,floor,.*,counted,1,wall,'
}

check_several_guests() {
    run --warmup=0 --runs=1 --guests=1,2,4
    expect 0 && count 1 '^host,hello,4,kvm-vmm,0,counted,1,exits,exits,52$' &&
        count 1 '^host,hello,4,qemu-tcg,0,counted,1,wall,' && count 0 ',[24],floor,'
}

check_wrong_output() {
    FAKE=output run --runs=2 --warmup=0 --guests=1
    expect 1 && said 'FAILED hello x 1 on kvm-vmm: output of guest 0' &&
        count 2 '^host,hello,1,kvm-vmm,.,counted,0,failure,text,' && count 0 'kvm-vmm,.,counted,1,'
}

check_wrong_exits() {
    FAKE=exits run --runs=2 --warmup=0 --guests=1
    expect 1 && said '11 KVM_EXIT_IO where 12 were due' && count 0 'counted,1,exits,exits,12'
}

check_crash() {
    FAKE=crash run --runs=5 --warmup=0 --guests=1
    # given up after two, and the others go on
    expect 1 && said 'status 1 where 0 was due: kvm-vmm: KVM internal error' &&
        count 2 'kvm-vmm,.,counted,0,failure' && count 5 'qemu-tcg,.,counted,1,wall'
}

check_no_statistics() {
    FAKE=nostats run --runs=1 --warmup=0 --guests=1
    expect 1 && said 'wrote no readable statistics'
}

check_timeout() {
    FAKE=hang run --runs=1 --warmup=0 --guests=1 --timeout=300ms
    expect 1 && said 'timed out after 0.3 s' || return
    ! pgrep -f "sleep 98765" >/dev/null || fail "the guest of a timed-out run is still there"
}

check_no_qemu() {
    MINIKVM_QEMU=/nowhere/qemu run --runs=1 --guests=1
    expect 0 && said 'qemu-tcg left out' && count 0 ',qemu-tcg,' || return
    jq -e '.notes[] | select(test("qemu-tcg left out"))' "$results/machine.json" >/dev/null ||
        fail "no note about QEMU"
}

check_behind_wrapper() {
    run --runs=1 --guests=1
    local path
    path=$(jq -r '.backends[] | select(.backend == "qemu-tcg").path' "$results/machine.json")
    [[ $path = "$dir/libexec/qemu-system-i386" ]] || fail "QEMU's path is $path"
}

check_interrupt() {
    rm -rf "$results"
    kvm-bench run --where=host --workload=hello --guests=1 --no-crosscheck --time=60s --runs=100000 \
        --output="$results" >"$out" 2>&1 &
    local pid=$!
    for _ in {1..100}; do
        [[ -s $results/samples.csv && $(rows ',counted,1,wall') -ge 3 ]] && break
        sleep 0.1
    done
    kill -INT $pid
    wait $pid
    status=$?
    expect 130 && said interrupted || return
    [[ -s $results/report.html && -s $results/histograms.csv ]] ||
        { fail "no report after Ctrl-C: $(tail -n 3 "$out")"; return; }
    [[ $(jq -r .state "$results/machine.json") = interrupted ]] || fail "state is not interrupted"
}

check_usage() {
    local words
    while read -r words; do
        # shellcheck disable=SC2086
        kvm-bench $words >"$out" 2>&1
        status=$?
        expect 2 && said "--help" || return
    done <<'END'
runn
run --workload=helo
run --backend=qemu-tgc
run --where=nowhere
run --guests=3
run --runs=many
run --runs=0
run --timeout=soon
run leftover
list leftover
gate --threshold=much
END
    kvm-bench run --workload=helo 2>"$out"; said "did you mean 'hello'" || return
    kvm-bench runn 2>"$out"; said "did you mean 'run'" || return
    kvm-bench run --backend=qemu-tgc 2>"$out"; said "did you mean 'qemu-tcg'"
}

check_folder_in_use() {
    run --runs=1 --guests=1
    expect 0 || return
    kvm-bench run --where=host --output="$results" >"$out" 2>&1
    status=$?
    expect 2 && said 'is there already; choose another folder with --output'
}

check_no_results_folder() {
    kvm-bench run --where=host --output=/proc/nowhere/results >"$out" 2>&1
    status=$?
    expect 3 && said '--output'
}

check_write_errors() {
    # A file size limit stands for a full disk; what fails is said, not swallowed.
    status=$(trap '' XFSZ; ulimit -S -f 40; run --runs=80 --warmup=0 --guests=1; echo $status)
    expect 3 && said 'samples.csv: File too large; the file is incomplete'
}

check_exports() {
    rm -rf "$results"
    kvm-bench run --where=host --workload=hello --guests=1 --runs=3 --no-crosscheck \
        --output="$results" --export-json="$dir/e.json" --export-csv="$dir/e.csv" \
        --export-markdown="$dir/e.md" >"$out" 2>&1
    status=$?
    expect 0 || return
    [[ $(jq '.results[0].times | length' "$dir/e.json") = 3 ]] || { fail "JSON export"; return; }
    [[ $(head -n 1 "$dir/e.csv") = command,mean,stddev,median,min,max && $(wc -l <"$dir/e.csv") = 4 ]] ||
        { fail "CSV export"; return; }
    grep -q '^| `hello x 1 on kvm-vmm (host)` |' "$dir/e.md" || { fail "Markdown export"; return; }
    said 'report.html' && [[ -s $results/report.html && -s $results/summary.json ]] ||
        fail "no report"
}

# run_lab OPTION...: through the test double of the lab
run_lab() {
    rm -rf "$results"
    MINIKVM_LAB_SCRIPT="$fake/lab" timeout 60 kvm-bench run --where=lab --workload=hello \
        --backend=kvm-vmm,floor --no-crosscheck --no-report --output="$results" "$@" >"$out" 2>&1
    status=$?
}

check_lab() {
    run_lab --quick
    expect 0 && count 1 '^lab,hello,2,kvm-vmm,0,counted,1,exits,exits,26$' &&
        count 2 '^exact,hello,1,kvm-vmm,.,counted,1,cpu,instructions,' &&
        count 2 '^exact,hello,1,floor,.,counted,1,exit.KVM_EXIT_IO.loop.total,instructions,1200$' &&
        count 0 '^host,' || return
    [[ $(jq -r '.machines | keys | join(" ")' "$results/machine.json") = "exact host lab" ]] ||
        { fail "machines are not merged"; return; }
    grep -q '^exact,hello,1,kvm-vmm,KVM_EXIT_IO,run,instructions,' "$results/histograms.csv" ||
        { fail "histograms are not merged"; return; }
    [[ -z $(find "$results" -name '*.partial') ]] || fail "left a partial folder"
}

check_lab_missing() {
    kvm-bench run --where=lab --output="$results.none" >"$out" 2>&1
    status=$?
    expect 3 && said 'MINIKVM_LAB_SCRIPT' || return
    FAKE_LAB=broken run_lab
    expect 3 && said 'scripts/setup.sh'
}

check_gate() {
    run_lab --quick
    expect 0 || return
    kvm-bench gate "$results" --reference="$dir/reference" >"$out" 2>&1
    status=$?
    expect 3 && said -- '--update' || return
    kvm-bench gate "$results" --reference="$dir/reference" --update >"$out" 2>&1 || { fail update; return; }
    # Its made-up processes take real time, which is no exact figure: only the spans are compared.
    jq '(.rows[].paths) |= del(."exec to exit")' "$dir/reference/gate.json" >"$dir/good.json"
    gate_with . ; expect 0 && said '0 failed' || return
    gate_with '(.rows[] | select(.backend == "kvm-vmm").exits.KVM_EXIT_IO) = 11'
    expect 1 && said 'FAIL hello on kvm-vmm: KVM_EXIT_IO exits: 12, were 11' || return
    gate_with '(.rows[] | select(.backend == "kvm-vmm").paths.KVM_EXIT_IO) *= 0.98'
    expect 1 && said 'FAIL hello on kvm-vmm: KVM_EXIT_IO: 2.04 % longer: 200 instructions, were 196' ||
        return
    gate_with '(.rows[] | select(.backend == "kvm-vmm").paths.KVM_EXIT_IO) *= 0.995'
    expect 0 || return
    gate_with '(.rows[] | select(.backend == "kvm-vmm").paths.KVM_EXIT_IO) *= 1.1'
    expect 0 && said 'shorter' || return
    gate_with '(.rows[] | select(.backend == "kvm-vmm").exits.KVM_EXIT_MMIO) = 1'
    expect 1 && said 'KVM_EXIT_MMIO exits: 0, were 1' || return
    gate_with '.rows += [{workload: "fibonacci", backend: "kvm-vmm", exits: {}, paths: {}}]'
    expect 1 && said 'FAIL fibonacci on kvm-vmm: not measured' || return
    gate_with '.rows = []'
    expect 1
}

# gate_with FILTER: against the reference changed by jq's FILTER
gate_with() {
    jq "$1" "$dir/good.json" >"$dir/reference/gate.json"
    kvm-bench gate "$results" --reference="$dir/reference" >"$out" 2>&1
    status=$?
}

# run_checked OPTION...: with the kernel's witness
run_checked() {
    rm -rf "$results"
    timeout 60 kvm-bench run --where=host --workload=hello --guests=1,2 --runs=1 --no-report \
        --output="$results" "$@" >"$out" 2>&1
    status=$?
}

check_crosscheck() {
    cp "$fake/kvm-exits" "$MINIKVM_BUILD/"
    run_checked
    expect 0 && said 'cross-check of 2 runs with the kernel: MATCH' || return
    [[ $(grep -c ',MATCH$' "$results/crosscheck.csv") = 6 ]] || { fail "not 6 rows match"; return; }
    grep -qx 'host,hello,2,kvm-vmm,1,svm,ioio,12,150,12' "$results/kernel_exits.csv" ||
        { fail "kernel_exits.csv"; return; }
    FAKE_KERNEL=less run_checked
    expect 1 && said 'MISMATCH hello x 1, vCPU 0: KVM_EXIT_IO: kvm-vmm counted 12, the kernel 11' ||
        return
    [[ $(grep -c ',MISMATCH$' "$results/crosscheck.csv") = 3 ]] || fail "not 3 mismatches"
}

check_no_crosscheck() {
    cp "$fake/kvm-exits" "$MINIKVM_BUILD/"
    FAKE_KERNEL=forbidden run_checked
    expect 0 && said 'no cross-check: kvm-exits: BPF is not permitted; run as root' || return
    rm "$MINIKVM_BUILD/kvm-exits"
    run_checked
    expect 0 || return
    jq -e '.notes[] | select(test("no cross-check.*kvm-exits: No such file"))' \
        "$results/machine.json" >/dev/null || fail "no note"
}

check_narrow_terminal() {
    rm -rf "$results"
    COLUMNS=40 kvm-bench run --where=host --workload=hello --guests=1 --runs=1 --no-crosscheck \
        --output="$results" >"$out" 2>"$dir/err"
    status=$?
    expect 0 || return
    [[ $(grep -v '[Rr]eport' "$out" | wc -L) -le 40 ]] || fail "wider than 40 columns: $(cat "$out")"
}

check_leaves_nothing() {
    run --runs=1 --guests=1
    [[ -z $(ls "$TMPDIR") ]] || fail "left in TMPDIR: $(ls "$TMPDIR")"
}

for name in jq pgrep; do
    type -P $name >/dev/null || { echo "$name is missing; run scripts/setup.sh"; exit 77; }
done
passed=0 failed=0
(($#)) || set -- $(declare -F | sed -n 's/^declare -f check_//p')
for name; do
    rm -f "$dir/reason"
    if "check_$name"; then
        echo "ok $name"
        passed=$((passed + 1))
    else
        echo "not ok $name: $(cat "$dir/reason" 2>/dev/null)"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
((failed == 0))
