#!/usr/bin/env bash
# Builds the wheel and the source archive into dist/ and has twine check their metadata. The tools
# have an environment of their own beside .venv.
set -euo pipefail
cd "$(dirname "$0")/.."

environment=.venv-release
if [ ! -e "$environment/.ready" ] || [ requirements-release.lock -nt "$environment/.ready" ]; then
    echo "setup: an environment for releases in $environment" >&2
    .venv/bin/python -m venv --clear "$environment"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements-release.lock
    touch "$environment/.ready"
fi
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' klaviyo_spark/__init__.py)
# What an earlier build left would go into the wheel again.
rm -rf build/lib build/bdist.* dist/klaviyo_spark-"$version"*
"$environment/bin/python" -m build --no-isolation --outdir dist . >/dev/null
"$environment/bin/twine" check --strict dist/klaviyo_spark-"$version"*
