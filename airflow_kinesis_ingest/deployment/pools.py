"""The Airflow pools that keep runs of one account and region from taking each other's quota.

AWS counts its rates by account and region. A run keeps to them by itself; several at once do not know of each other. A
pool of one slot lets them run one after the other, in the same total time.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from ..engine.workflow.document import read
from ..engine.workflow.loading import check
from ..engine.workflow.targets import PER_ACCOUNT, account_pool, each_target
from ..errors import WorkflowError
from .files import workflow_files

SLOTS = 1


@dataclass(frozen=True, slots=True)
class Needed:
    """A pool: who shares it, `FILE` or `FILE (TARGET)`, and who of them is in another pool or in none."""

    name: str
    members: tuple[str, ...]
    outside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pools:
    """unknown: files and targets whose account or region no file says. faulty: files that `validate` refuses."""

    needed: tuple[Needed, ...]
    unknown: tuple[str, ...]
    faulty: tuple[str, ...]


def pools(folder: Path) -> Pools:
    """The pools that a folder of workflow files needs: where several share an account and region, or one asks for it.

    Raises OSError if the folder cannot be listed.
    """
    members: defaultdict[str, list[tuple[str, str | None]]] = defaultdict(list)
    unknown, faulty = [], []
    for file in workflow_files(folder):
        try:
            workflow = check(read(file), file.stem)
        except WorkflowError:
            faulty.append(str(file))
            continue
        for target in each_target(workflow):
            who, name = f"{file} ({target.key})" if target.key else str(file), account_pool(target)
            if name:
                members[name].append((who, target.workflow.airflow_config.pool))
            else:
                unknown.append(who)
    found = (_needed(name, given) for name, given in sorted(members.items()))
    return Pools(tuple(each for each in found if each), tuple(unknown), tuple(faulty))


def _needed(name: str, members: list[tuple[str, str | None]]) -> Needed | None:
    outside = tuple(who for who, pool in members if pool not in (PER_ACCOUNT, name))
    alone = len(members) == 1
    return None if alone and outside else Needed(name, tuple(who for who, _ in members), outside)
