#!/bin/sh
# Publishes the node and chronosctl into one folder: sh docker/publish.sh FOLDER [options of dotnet publish]
# Without options for the processor of this machine and compiled ahead of time (ReadyToRun). The two share their libraries; the .NET
# runtime is not in it, that is in the base image.
set -eu
[ $# -ge 1 ] || { echo "usage: sh docker/publish.sh FOLDER [options of dotnet publish]" >&2; exit 2; }
case $1 in /*) folder=$1 ;; *) folder=$PWD/$1 ;; esac
shift
[ $# -ge 1 ] || set -- --configuration Release --use-current-runtime --no-self-contained -p:PublishReadyToRun=true
cd "$(dirname "$0")/.."
for project in Chronos.Host Chronos.Cli; do
  dotnet publish "$project" --output "$folder" --nologo -v quiet "$@"
done
# Documentation and symbols are for those who build on it.
rm -f "$folder"/*.xml "$folder"/*.pdb
