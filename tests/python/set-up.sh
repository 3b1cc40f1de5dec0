#!/bin/sh
# Makes a Python with the real libraries (torch, transformers, accelerate, safetensors) out of Debian's own packages, once, and
# prints the path of its `python3` as the last line. Ends with 3, and the reason on stderr, where that cannot be done here.
#   BEEP_TEST_PYTHON=PATH    use that interpreter instead, as it is
#   XDG_CACHE_HOME           where it is kept: …/beep-python-tests/KEY, KEY being a hash of what is installed
set -eu

here=$(CDPATH='' cd "$(dirname "$0")" && pwd -P)
suite=sid
packages='python3-torch python3-transformers python3-accelerate python3-safetensors python3-tokenizers python3-psutil python3-pytest python3-jsonschema libopenblas0-openmp'

cannot() {
    printf '%s\n' "$*" >&2
    exit 3
}

if [ -n "${BEEP_TEST_PYTHON:-}" ]; then
    [ -x "$BEEP_TEST_PYTHON" ] || cannot "BEEP_TEST_PYTHON names '$BEEP_TEST_PYTHON', which cannot be run."
    printf '%s\n' "$BEEP_TEST_PYTHON"
    exit 0
fi

[ "$(uname -s)" = Linux ] || cannot 'The Python of the tests is made on Linux only; name one with the libraries in BEEP_TEST_PYTHON.'
cache=${XDG_CACHE_HOME:-$HOME/.cache}/beep-python-tests
key=$(printf '%s\n' "$suite" "$packages" "$(uname -m)" | cat - "$here/python-in-root.sh" | sha256sum | cut -c 1-16)
python=$cache/$key/python3
offer() {
    touch -c "$cache/$key" 2>/dev/null || :
    printf '%s\n' "$python"
    exit 0
}
[ -x "$python" ] && offer

[ "$(id -u)" -eq 0 ] || cannot 'Making the Python of the tests needs root (debootstrap); or name one with the libraries in BEEP_TEST_PYTHON.'
command -v apt-get >/dev/null 2>&1 || cannot 'Making the Python of the tests needs apt; or name one with the libraries in BEEP_TEST_PYTHON.'
unshare --mount true 2>/dev/null || cannot 'Mount namespaces cannot be made here (unshare --mount), which the Python of the tests needs.'
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
[ -x "$python" ] && offer

# The mirror is the one that this machine's own apt uses.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null | sed -n 's|^\([^ ]*/debian\)/\{0,1\} main$|\1|p' | head -n 1)
[ -n "$mirror" ] || cannot "The apt of this machine names no Debian mirror, from which the Python of the tests would be made."
if ! command -v debootstrap >/dev/null 2>&1; then
    (apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends debootstrap) >&2 \
        || cannot 'apt could not install debootstrap.'
fi

rm -rf "$cache"/.*.partial
partial=$cache/.$key.partial
root=$partial/root
mkdir -p "$partial"
trap 'rm -rf "$partial"' EXIT
# A child in a mount namespace of its own: whatever ends it, nothing stays mounted in the folder that is then removed.
if ! unshare --mount --propagation private sh -eu -c '
    root=$1 suite=$2 mirror=$3 packages=$4
    debootstrap --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg "$suite" "$root" "$mirror"
    rm -f "$root"/etc/apt/sources.list.d/*
    echo "deb $mirror $suite main" >"$root/etc/apt/sources.list"
    apt-config dump | grep -i "^Acquire::[a-z]*::Proxy " >"$root/etc/apt/apt.conf.d/90proxy" || :
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    mount -t proc proc "$root/proc"
    # A mirror that stands still for a while is as good here; the signature is checked all the same.
    chroot "$root" apt-get update -q -o Acquire::Check-Valid-Until=false
    # Unquoted on purpose: a list of package names.
    chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages
    chroot "$root" apt-get clean
    rm -rf "$root"/var/lib/apt/lists/* "$root"/usr/share/doc "$root"/usr/share/man
    ' sh "$root" "$suite" "$mirror" "$packages" >"$cache/set-up.log" 2>&1 9>&-
then
    tail -n 20 "$cache/set-up.log" >&2
    cannot "The Python of the tests could not be made: see $cache/set-up.log"
fi

cp "$here/python-in-root.sh" "$partial/python3"
chmod 755 "$partial/python3"
mv -T "$partial" "$cache/$key"
trap - EXIT
# What other checkouts use may lie here too: only what nobody has used for a month goes.
find "$cache" -mindepth 1 -maxdepth 1 -type d -mtime +30 -exec rm -rf {} +
offer
