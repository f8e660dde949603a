#!/usr/bin/env bash
# A Docker engine of the tests' own, in a network namespace of its own, with all its data in one folder.
#   engine.sh start FOLDER     prints the address of the engine when it answers
#   engine.sh stop FOLDER      ends it with whatever runs on it, and leaves nothing
set -euo pipefail
verb=$1 folder=$2
space=$(basename "$folder")
export DOCKER_HOST=unix://$folder/sock

start() {
  mkdir -p "$folder"
  ip netns add "$space"
  ip -n "$space" link set lo up
  # Not `ip netns exec`: that mounts a /sys of its own, in which the engine does not find its cgroups.
  nsenter --net="/run/netns/$space" dockerd --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/pid" --host "$DOCKER_HOST" \
    </dev/null >"$folder/log" 2>&1 &
  for _ in $(seq 300); do
    docker version >/dev/null 2>&1 && { echo "$DOCKER_HOST"; return; }
    kill -0 $! 2>/dev/null || break
    sleep 0.1
  done
  echo "the engine did not start:" >&2
  tail -5 "$folder/log" >&2
  return 1
}

stop() {
  if [ -s "$folder/pid" ] && docker version >/dev/null 2>&1; then
    docker ps -aq | xargs -r docker rm -f -v >/dev/null || true
  fi
  if [ -s "$folder/pid" ]; then
    pid=$(cat "$folder/pid")
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 200); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null || true
  fi
  # What an engine that was killed left mounted, deepest first.
  awk -v f="$folder/" 'index($5, f) == 1 { print $5 }' /proc/self/mountinfo | sort -r | xargs -r -n1 umount -l || true
  ip netns delete "$space" 2>/dev/null || true
  rm -rf "$folder"
}

case $verb in start|stop) "$verb" ;; *) echo "usage: engine.sh start|stop FOLDER" >&2; exit 2 ;; esac
