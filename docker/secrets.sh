#!/bin/sh
# Makes the secrets that the compose files mount, with random values, where they are not there yet: sh docker/secrets.sh [FOLDER]
# Only the owner may enter the folder. The files in it can be read by all, because they are mounted one by one into containers whose
# users this machine does not know.
set -eu
folder=${1:-"$(dirname "$0")/secrets"}
umask 077
mkdir -p "$folder"
random() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
secret() { [ -s "$folder/$1" ] || { printf '%s\n' "$2" >"$folder/$1.new"; chmod 444 "$folder/$1.new"; mv "$folder/$1.new" "$folder/$1"; }; }

secret admin.key "$(random)"
secret postgres.password "$(random)"
secret postgres "Host=postgres;Database=chronos;Username=chronos;Password=$(cat "$folder/postgres.password")"
secret grafana.password "$(random)"
secret broker.password "$(random)"
secret rabbitmq.conf "default_user = chronos
default_pass = $(cat "$folder/broker.password")"
secret nats.conf "jetstream { store_dir: /data }
http: 8222
authorization { user: chronos, password: \"$(cat "$folder/broker.password")\" }"
