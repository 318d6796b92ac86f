#!/usr/bin/env bash
# Releases the version of klaviyo_spark/version.py: builds, checks, tries it in empty environments and
# tags the commit. It pushes and uploads nothing, and says what to type for that.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/system.sh
stop() {
    echo "release: $*" >&2
    exit 2
}

version=$(version)
[ -z "$(git status --porcelain)" ] || stop "the tree has changes. Commit them, or put them away."
! git rev-parse --quiet --verify "refs/tags/v$version" >/dev/null ||
    stop "v$version is there already. Raise __version__ in klaviyo_spark/version.py."
# The entry: from its heading with a date up to the next heading.
entry=$(sed -n "/^## ${version//./\\.} - [0-9]\{4\}-[0-9]\{2\}-[0-9]\{2\}\$/,/^## /p" CHANGELOG.md | sed '/^## /d')
[ -n "$entry" ] ||
    stop "CHANGELOG.md has no dated entry. Write its heading as \"## $version - YYYY-MM-DD\"."

scripts/build.sh
scripts/test_wheel.sh
printf 'klaviyo-spark %s\n%s\n' "$version" "$entry" |
    git tag --annotate "v$version" --cleanup=verbatim --file -
echo "Tagged v$version. To publish it:"
echo "  git push origin v$version"
echo "  .venv-release/bin/twine upload dist/klaviyo_spark-$version*"
