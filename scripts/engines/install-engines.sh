#!/bin/sh
# Installs what the engines that are named need and this machine lacks. Debian or Ubuntu, as root.
#
#   install-engines.sh docker         a Docker engine, and debootstrap for a base image without a registry
#   install-engines.sh local          bubblewrap, Python, git
#   install-engines.sh docker local   both
set -eu

usage() {
    echo 'Usage: install-engines.sh docker|local …' >&2
    exit 2
}

has() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null; }

missing=
need() { # command package
    has "$1" || missing="$missing $2"
}

need_docker() {
    # A docker command may be there without an engine.
    need dockerd docker.io
    need iptables iptables
    need debootstrap debootstrap
    # Where no init system has mounted the control groups, as in small virtual machines, something must.
    mountpoint -q /sys/fs/cgroup || need cgroupfs-mount cgroupfs-mount
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing="$missing debian-archive-keyring"
}

need_local() {
    need bwrap bubblewrap
    need git git
    need python3 python3
    # The system's Python, not one of the user's: sandboxes run it.
    PATH=/usr/bin:/bin python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
}

[ $# -gt 0 ] || usage
for engine in "$@"; do
    case $engine in
        docker) need_docker ;;
        local) need_local ;;
        *) usage ;;
    esac
done

wants_docker_command() {
    case " $* " in *' docker '*) ! has docker ;; *) false ;; esac
}
if [ -z "$missing" ] && ! wants_docker_command "$@"; then
    echo "Nothing is missing for: $*"
    exit 0
fi
if ! has apt-get || [ "$(id -u)" != 0 ]; then
    echo "Missing for $*:$missing. Installing it needs apt-get and root." >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
echo "Installing:$missing"
apt-get -q -o DPkg::Lock::Timeout=120 update
# shellcheck disable=SC2086 # a list of names
apt-get -q -o DPkg::Lock::Timeout=120 install --yes --no-install-recommends $missing
# From Debian 13 on, the command is a package of its own.
if wants_docker_command "$@"; then
    apt-get -q -o DPkg::Lock::Timeout=120 install --yes --no-install-recommends docker-cli
fi
