# For scripts to source: how they speak, and how they install what the system lacks.
# shellcheck shell=bash

say() { printf 'setup: %s\n' "$*" >&2; }
stop() {
    say "$*"
    exit 2
}

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
# apt says much; what it said shows only when it fails.
apt() {
    local said
    said=$(DEBIAN_FRONTEND=noninteractive apt-get -y -qq "$@" 2>&1 </dev/null) && return
    printf '%s\n' "$said" >&2
    return 1
}
update_once() {
    [ -n "${updated:-}" ] && return
    say "asking for the system's list of packages"
    apt update || say "the list could not be renewed; going on with the one that is here"
    updated=yes
}
install() {
    can_install || stop "$2 is missing; type: sudo apt-get install -y $1"
    update_once
    say "installing $1"
    apt install --no-install-recommends "$1" ||
        stop "could not install $1; type: apt-get install -y $1"
}

# setuptools takes {name} in the path of an environment for a variable, which it looks for in the
# process's own: each is given itself for a value. Prints name=value lines.
braces_of() {
    local left=$1
    while [[ $left =~ \{([A-Za-z_][A-Za-z0-9_ -]*)\} ]]; do
        echo "${BASH_REMATCH[1]}=${BASH_REMATCH[0]}"
        left=${left/"${BASH_REMATCH[0]}"/}
    done
    case $left in
    *[{}]*) stop "Python's packages cannot be built below $1, for its braces; move the folder" ;;
    esac
}

# Tools in an environment of their own beside .venv. $1: its folder, $2: what it is for, $3: the lock
# file of its packages.
environment() {
    [ ! -e "$1/.ready" ] || [ "$3" -nt "$1/.ready" ] || return 0
    say "an environment for $2 in $1"
    .venv/bin/python -m venv --clear "$1"
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check -r "$3"
    touch "$1/.ready"
}

# The version that is in the works.
version() { sed -n 's/^__version__ = "\(.*\)"$/\1/p' klaviyo_spark/version.py; }
