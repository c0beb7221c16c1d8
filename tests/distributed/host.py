"""The name of the machine that a part of Airflow pretends to run on: `[core] hostname_callable`."""

from __future__ import annotations

import os


def name() -> str:
    return os.environ["MACHINE"]
