#!/usr/bin/env bash
# Builds the wheel and the source archive into dist/ and has twine check their metadata. The tools
# have an environment of their own beside .venv.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/system.sh
tools=.venv-release
environment "$tools" releases requirements-release.lock
version=$(version)
# What an earlier build left would go into the wheel again.
rm -rf build/lib build/bdist.* dist/klaviyo_spark-"$version"*
"$tools/bin/python" -m build --no-isolation --outdir dist . >/dev/null
"$tools/bin/twine" check --strict dist/klaviyo_spark-"$version"*
