#!/usr/bin/env bash
# Sees to it that there is a Chromium to test the report in. As root on Debian it installs one;
# otherwise it stops and says what to type.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/system.sh

if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null; then
    install chromium "Chromium"
fi
# Without any font there is nothing to see.
if ! ls /usr/share/fonts/truetype/*/*.ttf >/dev/null 2>&1 && can_install; then
    install fonts-dejavu-core "a font"
fi
