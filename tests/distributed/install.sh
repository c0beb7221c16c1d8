#!/usr/bin/env bash
# What the distributed tests need beside `make test`: Debian's Redis and PostgreSQL, unless they are there, and a
# virtualenv on top of .venv that holds Celery, its provider and the one for git bundles, so that .venv stays as
# requirements.lock says.
set -euo pipefail
cd "$(dirname "$0")/../.."
lock=tests/distributed/requirements.lock
venv=.venv-distributed

missing=()
command -v redis-server >/dev/null || missing+=(redis-server)
command -v git >/dev/null || missing+=(git)
compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || command -v initdb >/dev/null || missing+=(postgresql)
if [ ${#missing[@]} -gt 0 ]; then
    as_root=()
    if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi
    if ! command -v apt-get >/dev/null || { [ -n "${as_root[*]}" ] && ! command -v sudo >/dev/null; }; then
        echo "make test-distributed needs ${missing[*]}: install what is missing" >&2
        exit 1
    fi
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends -y "${missing[@]}"
fi

if [ ! -e "$venv/installed" ] || [ "$lock" -nt "$venv/installed" ]; then
    .venv/bin/python -m venv --clear --without-pip "$venv"
    site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    beneath=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    echo "import site; site.addsitedir('$beneath')" >"$site/beneath.pth"
    "$venv/bin/python" -m pip install --disable-pip-version-check --quiet --no-deps --requirement "$lock"
    touch "$venv/installed"
fi
