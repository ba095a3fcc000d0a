#!/bin/sh
# Starts a Docker engine unless one answers already, and returns when it answers. stop-docker.sh stops what this started.
# Listens where DOCKER_HOST says (a Unix socket), else where Docker does. Arguments are handed to dockerd.
set -eu

state=${TMPDIR:-/tmp}/runtime-sandbox-ci
pid_file=$state/dockerd.pid
log_file=$state/dockerd.log
host=${DOCKER_HOST:-unix:///var/run/docker.sock}
limit_seconds=60

answers() { timeout 10 docker version >/dev/null 2>&1; }

if answers; then
    echo 'A Docker engine answers already.'
    exit 0
fi
case $host in
    unix://*) ;;
    *)
        echo "No engine answers at $host, and only one on a Unix socket can be started here." >&2
        exit 1
        ;;
esac
PATH="$PATH:/usr/sbin:/sbin"
for name in docker dockerd; do
    if ! command -v $name >/dev/null; then
        echo "$name is missing; scripts/engines/install-engines.sh docker installs it." >&2
        exit 1
    fi
done

# Where no init system has mounted the control groups. Without them dockerd says itself what it lacks.
if ! mountpoint -q /sys/fs/cgroup && command -v cgroupfs-mount >/dev/null; then
    cgroupfs-mount
fi

mkdir -p "$state"
# Its own session, so that it outlives this script and whoever called it.
setsid dockerd --host "$host" --pidfile "$pid_file" "$@" </dev/null >"$log_file" 2>&1 &
started=$!

tries=$((limit_seconds * 5))
while [ "$tries" -gt 0 ]; do
    if answers; then
        echo "Docker engine started, log in $log_file"
        exit 0
    fi
    kill -0 "$started" 2>/dev/null || break
    tries=$((tries - 1))
    sleep 0.2
done
kill "$started" 2>/dev/null || true
echo 'The Docker engine did not start:' >&2
tail -n 20 "$log_file" >&2
exit 1
