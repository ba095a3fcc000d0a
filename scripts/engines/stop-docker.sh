#!/bin/sh
# Stops the Docker engine that start-docker.sh started, and no other. Its containers end with it.
set -eu

pid_file=${TMPDIR:-/tmp}/runtime-sandbox-ci/dockerd.pid
limit_seconds=30

# A process id may be another's by now: ours has the file's name among its arguments.
is_ours() { [ -n "$pid" ] && tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -e "$pid_file"; }

pid=$(cat "$pid_file" 2>/dev/null || true)
if ! is_ours; then
    echo 'No Docker engine of ours is running.'
    rm -f "$pid_file"
    exit 0
fi

kill "$pid"
tries=$((limit_seconds * 5))
while is_ours; do
    if [ "$tries" -eq 0 ]; then
        echo "The Docker engine did not stop within $limit_seconds s; killing it." >&2
        kill -9 "$pid"
        break
    fi
    tries=$((tries - 1))
    sleep 0.2
done
rm -f "$pid_file"
echo 'Docker engine stopped.'
