#!/usr/bin/env bash
# What the browser tests need beside `make test`: Debian's Chromium, unless there is one, and a virtualenv on top of
# .venv that holds playwright, axe and Airflow's FAB auth manager, so that .venv stays as requirements.lock says.
set -euo pipefail
cd "$(dirname "$0")/../.."
lock=tests/browser/requirements.lock
venv=.venv-browser

if [ -z "${CHROMIUM:-}" ] && ! command -v chromium chromium-browser google-chrome >/dev/null; then
    as_root=()
    if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi
    if ! command -v apt-get >/dev/null || { [ -n "${as_root[*]}" ] && ! command -v sudo >/dev/null; }; then
        echo "make test-browser needs Chromium: install it, or say where it is: CHROMIUM=/path/to/chromium" >&2
        exit 1
    fi
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends -y chromium fonts-dejavu-core
fi

if [ ! -e "$venv/installed" ] || [ "$lock" -nt "$venv/installed" ]; then
    .venv/bin/python -m venv --clear --without-pip "$venv"
    site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    beneath=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    echo "import site; site.addsitedir('$beneath')" >"$site/beneath.pth"
    "$venv/bin/python" -m pip install --disable-pip-version-check --quiet --no-deps --requirement "$lock"
    # `airflow standalone` starts its parts by this name.
    printf '#!%s\nfrom airflow.__main__ import main\n\nmain()\n' "$PWD/$venv/bin/python" >"$venv/bin/airflow"
    chmod +x "$venv/bin/airflow"
    touch "$venv/installed"
fi
