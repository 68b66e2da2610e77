#!/usr/bin/env bash
# `make test` where nothing is installed but Rust, gcc and make, by a user who is not root: in a fresh Debian in a folder.
#
#   tests/chroot.sh [FOLDER]        (default: target/chroot; made by debootstrap where it is not there yet)
#
# Needs root, debootstrap and a Debian mirror (MIRROR=, default deb.debian.org). The Rust toolchain and the sources of the
# crates are this machine's, shown read-only; the tree is cloned as it was committed last. TARGET=test is what make makes.
# Mounts are in a namespace of their own, so that none stays. Remove the folder for another fresh start.
set -euo pipefail
cd "$(dirname "$0")/.."
tree=$PWD
root=${1:-target/chroot}
suite=${SUITE:-bookworm}
mirror=${MIRROR:-http://deb.debian.org/debian}
target=${TARGET:-test}

if [ "${FLOPLEDGER_IN_NAMESPACE:-}" != 1 ]; then
    [ "$(id -u)" = 0 ] || { echo "tests/chroot.sh: needs root, for chroot and mounts" >&2; exit 77; }
    command -v debootstrap >/dev/null || { echo "tests/chroot.sh: needs debootstrap" >&2; exit 77; }
    FLOPLEDGER_IN_NAMESPACE=1 exec unshare --mount --propagation private "$0" "$@"
fi

mkdir -p "$root"
root=$(realpath "$root")
[ -e "$root/etc/debian_version" ] || debootstrap --variant=minbase "$suite" "$root" "$mirror"
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"; }
if ! inside sh -c 'command -v gcc make >/dev/null'; then
    inside DEBIAN_FRONTEND=noninteractive sh -c \
        'apt-get update -q && apt-get install -y -q --no-install-recommends gcc libc6-dev make'
fi
inside id tester >/dev/null 2>&1 || inside useradd --create-home tester

toolchain=$(rustc --print sysroot)
registry=${CARGO_HOME:-$HOME/.cargo}/registry
mkdir -p "$root/opt/rust" "$root/home/tester/.cargo/registry"
mount --bind "$toolchain" "$root/opt/rust"
mount -o remount,bind,ro "$root/opt/rust"
# Cargo takes a lock there, so it is a copy on top of this machine's.
mkdir -p "$root/var/registry/upper" "$root/var/registry/work"
mount -t overlay overlay -o "lowerdir=$registry,upperdir=$root/var/registry/upper,workdir=$root/var/registry/work" \
    "$root/home/tester/.cargo/registry"
# What was built before is kept: only the tree is another.
clone=$root/home/tester/flopledger
if [ -d "$clone/.git" ]; then
    git -c safe.directory='*' -C "$clone" fetch -q "$tree" HEAD && git -c safe.directory='*' -C "$clone" reset -q --hard FETCH_HEAD
else
    git clone -q --no-hardlinks "$tree" "$clone"
fi
inside chown -R tester:tester /home/tester
exec chroot --userspec=tester:tester "$root" env -i HOME=/home/tester USER=tester LC_ALL=C.UTF-8 CARGO_NET_OFFLINE=true \
    PATH=/opt/rust/bin:/usr/bin:/bin make -C /home/tester/flopledger "$target"
