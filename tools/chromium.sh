#!/bin/sh
# Sees to it that there is a Chromium for the browser tests, if that can be done without asking anybody.
set -u
cd "$(dirname "$0")/.." || exit 1
log=build/chromium.log

# The one that draws no window needs half of the processor's time.
light=chromium-headless-shell

# Any browser of the family will do: the system's, or the one that Playwright keeps.
there() {
    for name in "$light" chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null 2>&1 && return
    done
    .venv/bin/python -c 'import os, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    sys.exit(not os.path.exists(p.chromium.executable_path))' >/dev/null 2>&1
}

install() {
    { apt-get update && apt-get install -y --no-install-recommends "$@" fonts-liberation; } >>"$log" 2>&1 </dev/null
}

command -v "$light" >/dev/null 2>&1 && exit
[ "${CI:-}" = true ] || { there && exit; }
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser tests …"
    mkdir -p build
    : >"$log"
    export DEBIAN_FRONTEND=noninteractive
    install "$light" || there || install chromium
    there && exit
    echo "Chromium could not be installed: the last lines of $log say why." >&2
fi
there && exit
if [ "${CI:-}" = true ]; then
    echo "No Chromium was found: the browser tests must not be skipped here (CI=true)." >&2
    exit 1
fi
echo "No Chromium was found: the browser tests will be skipped (.venv/bin/playwright install chromium gets one)."
