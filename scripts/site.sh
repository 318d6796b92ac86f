#!/usr/bin/env bash
# Builds the documentation as a site into build/site. A dead link, a missing anchor or a page in no
# table of contents is a warning, and every warning fails. The tools have an environment of their
# own beside .venv.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/system.sh
tools=.venv-site
environment "$tools" "the documentation" requirements-site.lock
"$tools/bin/sphinx-build" --fail-on-warning --keep-going --fresh-env --quiet docs build/site
echo "The site is in build/site/index.html: open it in a browser."
