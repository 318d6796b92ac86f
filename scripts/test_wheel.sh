#!/usr/bin/env bash
# Tries what `make build` left in dist/ as a stranger would: in an empty environment, in a folder
# that is not the repository, on each Python from 3.10 to 3.13 that is on the path. The wheel on all,
# the source archive on one. PYTHONS names others, by name or path: PYTHONS="$(pyenv prefix 3.12)/bin/python".
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/system.sh
version=$(version)
wheel=$PWD/dist/klaviyo_spark-$version-py3-none-any.whl
archive=$PWD/dist/klaviyo_spark-$version.tar.gz
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# Whatever this shell has set for another Klaviyo or another lake is not the stranger's.
unset KLAVIYO_API_KEY KLAVIYO_BASE_URL KLAVIYO_SPARK_JARS PYTHONPATH

# $1: a Python, $2: what to install.
try() {
    local folder
    folder=$(mktemp -d -p "$place")
    echo "== $(basename "$2") on $("$1" --version)"
    "$1" -m venv "$folder/environment"
    "$folder/environment/bin/python" -m pip install --quiet --disable-pip-version-check "$2[spark,sandbox]"
    mkdir "$folder/work"
    (cd "$folder/work" && PATH="$folder/environment/bin:$PATH" && run)
    rm -rf "$folder"
}

# A demo; then an account that is served apart, loaded, and looked at. In a shell of its own, which
# ends the account's server however it ends.
run() (
    [ "$(klaviyo-spark --version)" = "klaviyo-spark, version $version" ]
    klaviyo-spark demo --events 300 --profiles 40 | tail -n 3
    klaviyo-spark sandbox --port 0 --events 300 --profiles 40 --rate-scale 50 >sandbox.log &
    trap 'kill '$! EXIT
    until grep -q http sandbox.log; do
        kill -0 $!
        sleep 0.2
    done
    KLAVIYO_BASE_URL=$(grep -o 'http://[0-9.:]*' sandbox.log)
    export KLAVIYO_BASE_URL KLAVIYO_API_KEY=pk_sandbox
    klaviyo-spark sync --warehouse ./lake | tail -n 2
    klaviyo-spark status --warehouse ./lake | head -n 3
)

tried=()
for python in ${PYTHONS:-python3.10 python3.11 python3.12 python3.13}; do
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "== $python is not here, or has no venv: left out"
        continue
    fi
    [ ${#tried[@]} != 0 ] || try "$python" "$archive"
    try "$python" "$wheel"
    tried+=("$("$python" --version)")
done
[ ${#tried[@]} != 0 ] || {
    echo "test-wheel: no Python from 3.10 to 3.13 is on the path" >&2
    exit 2
}
each=$(printf ', %s' "${tried[@]}")
echo "test-wheel: $version works on ${each:2}"
