#!/usr/bin/env bash
# Runs every test of Chronos: installs what they need, builds, runs, and ends with "N passed, N failed, N skipped".
# Under CI=true a server that is missing is a failure; elsewhere its tests are skipped and counted as such.
set -uo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# The brokers that the dispatchers are tried against, and other servers. They are started by the tests, never by the system.
want() { [ -x "$1" ] || missing+=("$2"); }
missing=()
want /usr/sbin/nats-server nats-server
want /usr/lib/rabbitmq/bin/rabbitmq-server rabbitmq-server
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || want /usr/lib/postgresql/15/bin/initdb postgresql-15
# Chaos happens in network namespaces, and so does the engine.
command -v ip >/dev/null || want /usr/sbin/ip iproute2
want /usr/sbin/nft nftables
# An engine to run the compose file on, and what an image is made with where no registry can be reached; promtool.
want /usr/sbin/dockerd docker.io
want /usr/bin/docker-compose docker-compose
want /usr/sbin/debootstrap debootstrap
want /usr/bin/nsenter util-linux
want /usr/bin/promtool prometheus
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    # Packages of servers would start them; this keeps them from it while they are installed, where nothing else does already.
    policy=/usr/sbin/policy-rc.d
    [ -e "$policy" ] && policy= || { printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod +x "$policy"; }
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
      echo "could not install: ${missing[*]}"
    [ -n "$policy" ] && rm -f "$policy"
  else
    echo "not installed, and not root with apt-get to do it: ${missing[*]}"
  fi
fi

dotnet build Chronos.Actors.sln --nologo -v quiet || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }

# Every test, the slow ones too; plain `dotnet test` leaves those out.
# A run that hangs is a failure, not a run without an end.
ALL_TESTS=yes timeout -k 30 2340 dotnet test --solution Chronos.Actors.sln --no-build 2>&1 | tee "$log"
code=$?

# Which tests failed, and with what: said last, where no log of a node stands between them and the sum.
grep -a -A 14 -E '^ *failed [A-Z]' "$log" | cut -c 1-400
sed -nE 's/^ *(total|failed|succeeded|skipped): ([0-9]+)$/\1 \2/p' "$log" |
  awk -v code=$code '{ v[$1] += $2 }
    END {
      # A run that was broken off has not failed in any test, and has failed.
      if (code != 0 && v["failed"] == 0) { printf "the run ended with exit code %d before all tests had\n", code; v["failed"] = 1 }
      printf "%d passed, %d failed, %d skipped\n", v["succeeded"], v["failed"], v["skipped"]
    }'
exit $code
