#!/bin/sh
# usage: build.sh OUTDIR    builds every kernel that is newer than its program
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: build.sh OUTDIR}
mkdir -p "$out"
common="-O1 -Wall -Werror -mgeneral-regs-only -fno-stack-protector -fcf-protection=none"
for source in "$here"/*.c; do
    program=$out/$(basename "$source" .c)
    if [ -e "$program" ] && [ "$program" -nt "$source" ] && [ "$program" -nt "$here/known.h" ]; then continue; fi
    if grep -q '^// libc$' "$source"; then
        ${CC:-gcc} $common -DLIBC -pthread -o "$program.new" "$source"
    else
        ${CC:-gcc} $common -Wno-unused-parameter -static -nostdlib -ffreestanding -fno-pie -no-pie -Wl,-z,noexecstack -o "$program.new" "$source"
    fi
    mv "$program.new" "$program"
done
