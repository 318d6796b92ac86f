#!/usr/bin/env bash
# Sees to it that there is an S3 server to test lakes on a store with: versitygw, built once into the
# folder that it is given, where what is there already stays.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/system.sh

version=v1.8.0
folder=$PWD/$1

mkdir -p "$folder"
# The version is in the name, so that another one is built when it changes.
server=$folder/versitygw-$version
if [ ! -x "$server" ]; then
    command -v go >/dev/null || install golang-go "Go 1.25 or newer"
    say "building the S3 server versitygw $version, once (some minutes)"
    GOBIN=$folder go install "github.com/versity/versitygw/cmd/versitygw@$version" ||
        stop "could not build it; Go 1.25 or newer is needed, and a module proxy that has it"
    mv "$folder/versitygw" "$server"
fi
ln -sf "versitygw-$version" "$folder/versitygw"
