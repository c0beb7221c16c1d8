#!/usr/bin/env bash
# The tests of tests/airflow and tests/page on the other Airflows that are supported, and on a pre-release of the next
# one: one virtualenv for each. With LIVE=1 also the live one, about three minutes for each.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
[ -n "${LIVE:-}" ] || set -- --ignore tests/airflow/test_live.py "$@"

for version in 3.1.8 3.2.2 3.4.0b2; do
    venv=.venv-airflow-$version
    if [ ! -e "$venv/installed" ] || [ pyproject.toml -nt "$venv/installed" ]; then
        [ -x "$venv/bin/python" ] || "$PYTHON" -m venv "$venv"
        # Airflow's own constraints are no help to the test tools: the newest that fit this Airflow. But the api-server
        # of 3.2 does not start with a FastAPI that is newer than itself.
        "$venv/bin/python" -m pip install --disable-pip-version-check --quiet \
            "apache-airflow==$version" "fastapi<0.137" "hatchling" "editables"
        "$venv/bin/python" -m pip install --disable-pip-version-check --quiet --no-build-isolation \
            "apache-airflow==$version" "fastapi<0.137" --editable ".[amazon,codecs]" \
            apache-airflow-providers-openlineage fastavro hypothesis jsonschema "moto[server]" \
            pytest pytest-timeout schemathesis
        touch "$venv/installed"
    fi
    echo "Airflow $("$venv/bin/python" -c 'from importlib.metadata import version; print(version("apache-airflow"))')"
    "$venv/bin/python" -m pytest tests/airflow tests/page "$@"
done
