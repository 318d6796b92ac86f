#!/usr/bin/env bash
# Runs the tests of the pipeline on the oldest Spark that is supported (that of Databricks runtime
# 17.3 LTS), in an environment of its own beside .venv. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."

spark=4.0.5
environment=.venv-spark40
if [ ! -e "$environment/.ready" ] || [ requirements.lock -nt "$environment/.ready" ]; then
    echo "setup: an environment with Spark $spark in $environment" >&2
    .venv/bin/python -m venv --clear "$environment"
    sed "s/^pyspark==.*/pyspark==$spark/" requirements.lock >"$environment/requirements.lock"
    pip=("$environment/bin/python" -m pip install --quiet --disable-pip-version-check --use-pep517)
    "${pip[@]}" -r "$environment/requirements.lock"
    "${pip[@]}" --no-build-isolation --no-deps --editable .
    "$environment/bin/python" -m klaviyo_spark.lake.spark.jars
    touch "$environment/.ready"
fi
exec "$environment/bin/python" -m pytest "$@"
