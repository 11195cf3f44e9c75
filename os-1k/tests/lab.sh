#!/bin/bash
# SPDX-License-Identifier: MIT
# All checks on kvm-vmm in one boot of the reference machine. Usage: lab.sh LAB CHECKS FOLDER
set -u
timeout 120 "$1" -- true </dev/null
if [[ $? = 125 ]]; then
    echo 'skip: the lab does not start'
    exit 77
fi
exec "$1" --timeout=560 -- "$2" kvm-vmm "$3" </dev/null
