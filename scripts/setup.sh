#!/usr/bin/env bash
# Sets up all that the other verbs of the Makefile need, in .venv: Python packages, Java, Delta's
# jars. What is there already stays. As root on Debian or Ubuntu it installs what the system lacks;
# otherwise it stops and says what to type.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/system.sh

# The newest known to work comes first only where the default is too old.
find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 python3.10; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    stop "Python 3.10 or newer is missing; type: sudo apt-get install -y python3, or set PYTHON"
}

make_environment() {
    local python version
    if .venv/bin/python -m pip --version >/dev/null 2>&1; then return; fi
    python=$(find_python)
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        install "python$version-venv" "Python's venv"
    fi
    say "making a virtual environment in .venv with Python $version"
    "$python" -m venv --clear .venv
}

install_packages() {
    say "installing the pinned packages (Spark is large: a few minutes the first time)"
    local braces pip named=()
    braces=$(braces_of "$PWD")
    [ -z "$braces" ] || mapfile -t named <<<"$braces"
    pip=(env ${named[@]+"${named[@]}"} .venv/bin/python -m pip install --quiet)
    pip+=(--disable-pip-version-check --use-pep517)
    "${pip[@]}" -r requirements.lock
    "${pip[@]}" --no-build-isolation --no-deps --editable .
}

# Java 17 or 21: the one that is there, else 17, or 21 where the distribution has dropped 17.
find_java() {
    local package=openjdk-17-jre-headless home
    if ! home=$(.venv/bin/python -m klaviyo_spark.lake.spark.java 2>/dev/null); then
        if can_install; then
            update_once
            if [ -z "$(apt-cache --quiet=0 madison $package 2>/dev/null)" ]; then
                package=openjdk-21-jre-headless
            fi
        fi
        install "$package" "Java 17 or 21"
        home=$(.venv/bin/python -m klaviyo_spark.lake.spark.java) || exit 2
    fi
    say "Java is in $home"
}

find_jars() {
    .venv/bin/python -m klaviyo_spark.lake.spark.jars || exit 2
}

make_environment
install_packages
find_java
find_jars
