#!/usr/bin/env bash
# What the distributed tests need beside `make test`: Debian's Redis and PostgreSQL, unless they are there, and a
# virtualenv on top of .venv that holds Celery, its provider and the one for git bundles, so that .venv stays as
# requirements.lock says.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/installing.sh
lock=tests/distributed/requirements.lock
venv=.venv-distributed

missing=()
command -v redis-server >/dev/null || missing+=(redis-server)
command -v git >/dev/null || missing+=(git)
compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || command -v initdb >/dev/null || missing+=(postgresql)
if [ ${#missing[@]} -gt 0 ]; then
    debian "make test-distributed needs ${missing[*]}: install what is missing" "${missing[@]}"
fi

if ! is_current "$venv" "$lock"; then
    on_top "$venv" "$lock"
    touch "$venv/installed"
fi
