#!/usr/bin/env bash
# Builds the documentation as a site into build/site. A dead link, a missing anchor or a page in no
# table of contents is a warning, and every warning fails. The tools have an environment of their
# own beside .venv.
set -euo pipefail
cd "$(dirname "$0")/.."

environment=.venv-site
if [ ! -e "$environment/.ready" ] || [ requirements-site.lock -nt "$environment/.ready" ]; then
    echo "setup: an environment for the documentation in $environment" >&2
    .venv/bin/python -m venv --clear "$environment"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements-site.lock
    touch "$environment/.ready"
fi
"$environment/bin/sphinx-build" --fail-on-warning --keep-going --fresh-env --quiet docs build/site
echo "The site is in build/site/index.html: open it in a browser."
