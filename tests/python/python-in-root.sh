#!/bin/sh
# A python3 that lives in the root folder beside it and sees the same files under the same names as everyone else: the folders of
# this machine that hold no system of their own are bound into it. The process id, the signals, the working folder and the
# environment are the caller's.
here=$(CDPATH='' cd "$(dirname "$(readlink -f "$0")")" && pwd -P) || exit 1
PATH=${PATH:+$PATH:}/usr/sbin:/usr/bin:/sbin:/bin
export PATH

# OpenBLAS takes newer processors for the last that it knows by name, at half their speed; malloc gives memory back too eagerly.
if [ -z "${OPENBLAS_CORETYPE:-}" ] && grep -q avx512f /proc/cpuinfo 2>/dev/null; then export OPENBLAS_CORETYPE=SkylakeX; fi
: "${MALLOC_MMAP_THRESHOLD_=1073741824}" "${MALLOC_TRIM_THRESHOLD_=17179869184}" "${MALLOC_TOP_PAD_=67108864}"
export MALLOC_MMAP_THRESHOLD_ MALLOC_TRIM_THRESHOLD_ MALLOC_TOP_PAD_

exec unshare --mount --propagation slave sh -c '
    root=$1 folder=$2
    shift 2
    for top in /*; do
        case $top in /bin | /boot | /etc | /lib* | /lost+found | /sbin | /usr | /var) continue ;; esac
        { [ -d "$top" ] && [ ! -L "$top" ]; } || continue
        [ -d "$root$top" ] || mkdir -p "$root$top" || exit 1
        mount --rbind "$top" "$root$top" || exit 1
    done
    exec chroot "$root" /usr/bin/env --chdir="$folder" /usr/bin/python3 "$@"
    ' sh "$here/root" "$(pwd -P)" "$@"
