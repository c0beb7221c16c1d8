"""The folder that the page may write: of the local DAG bundle that `[kinesis_ingest] page_bundle` names.

A git bundle's clone forgets what is written there, and a bucket's copy is made anew: those files are looked at here and
changed where they come from.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from airflow.configuration import conf
from airflow.dag_processing.bundles.local import LocalDagBundle
from airflow.dag_processing.bundles.manager import DagBundlesManager

from ..deployment.loader import WORKFLOWS
from ..deployment.validation import Checked, remembered
from ..engine.workflow.fence import SECTION
from ..errors import FixFile

OPTION = "page_bundle"


@dataclass(frozen=True, slots=True)
class Store:
    """bundle: its name in Airflow; root: where it lies on this machine."""

    bundle: str
    root: Path

    @property
    def folder(self) -> Path:
        return self.root / WORKFLOWS

    def new_file(self, name: str) -> Path:
        """Where the workflow of this name, a DAG id, goes. Raises FixFile as `file_of`."""
        path = self.folder / f"{name}.yaml"
        return self._inside(path, str(path.relative_to(self.root)))

    def file_of(self, loader: str, file: str) -> Path:
        """The file of a DAG. loader: Airflow's `relative_fileloc`; file: as its record has it, relative to the loader.

        Raises FixFile for one that is not in the store, a link out of it among them.
        """
        return self._inside(self.root / Path(loader).parent / file, file)

    def others(self, path: Path) -> list[Checked]:
        """All workflow files but that one, named by where they lie in the store."""
        found = remembered(self.folder) if self.folder.is_dir() else []
        named = ((Path(one.file), one) for one in found)
        return [replace(one, file=str(each.relative_to(self.root))) for each, one in named if each != path]

    def _inside(self, path: Path, file: str) -> Path:
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise FixFile("this file lies outside of the page's folder", where=file, remedy="Change it where it lies")
        return path


def configured_store() -> Store:
    """The store of this Airflow. Raises FixFile, with what to do, where the page may write nothing."""
    name = conf.get(SECTION, OPTION, fallback="")
    if not name:
        what = "the page may look and not write"
        raise FixFile(what, remedy=f"Name a local DAG bundle: `[{SECTION}] {OPTION}`")
    where = f"[{SECTION}] {OPTION} = {name}"
    try:
        bundle = DagBundlesManager().get_bundle(name)  # type: ignore[no-untyped-call]
    except ValueError:
        remedy = "Name one of `[dag_processor] dag_bundle_config_list`, which the api-server must know too"
        raise FixFile("there is no such DAG bundle", where=where, remedy=remedy) from None
    if not isinstance(bundle, LocalDagBundle):
        why = f"it is a {type(bundle).__name__}, which forgets what is written there"
        raise FixFile("the page cannot write this bundle", where=where, why=why, remedy="Name a LocalDagBundle")
    if not os.access(bundle.path, os.W_OK | os.X_OK):
        why = f"{bundle.path} is no folder that it may write"
        remedy = "Let the api-server's user write there"
        raise FixFile("the page cannot write this bundle", where=where, why=why, remedy=remedy)
    return Store(name, bundle.path)
