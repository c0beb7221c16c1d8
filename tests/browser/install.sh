#!/usr/bin/env bash
# What the browser tests need beside `make test`: Debian's Chromium, unless there is one, and a virtualenv on top of
# .venv that holds playwright, axe and Airflow's FAB auth manager, so that .venv stays as requirements.lock says.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/installing.sh
lock=tests/browser/requirements.lock
venv=.venv-browser

if [ -z "${CHROMIUM:-}" ] && ! command -v chromium chromium-browser google-chrome >/dev/null; then
    debian "make test-browser needs Chromium: install it, or say where it is: CHROMIUM=/path/to/chromium" \
        chromium fonts-dejavu-core
fi

if ! is_current "$venv" "$lock"; then
    on_top "$venv" "$lock"
    # `airflow standalone` starts its parts by this name.
    printf '#!%s\nfrom airflow.__main__ import main\n\nmain()\n' "$PWD/$venv/bin/python" >"$venv/bin/airflow"
    chmod +x "$venv/bin/airflow"
    touch "$venv/installed"
fi
