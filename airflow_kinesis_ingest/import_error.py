"""Airflow's import errors under a file's own path. The only module that leans on how Airflow reads DAG files.

Airflow offers a loader of many files no way to report one of them (apache/airflow#53971, #55475): an exception
takes all its DAGs down, a log line is seen by nobody. But `_serialize_dags` (dag_processing/processor.py, 3.1 to 3.4)
files what `to_dict` raises for one DAG under the path that this DAG says it lives in, and goes on with the others.
So a file that cannot be deployed is represented by a DAG that says it lives in that file, and raises its faults when
it is serialized.

Such a DAG is made only where that has just been tried and found to work: in a process that the dag processor started
to read DAG files, with an Airflow that does as described. Elsewhere (a worker, `airflow dags test`, `dags
reserialize`, an Airflow to come) a DAG that cannot be serialized could break others, and the file's placeholder DAG
alone says what is wrong.

A cluster policy that refuses a DAG takes all DAGs of its loader down too, as DagBag files its exception under the
loader. So policies are tried here first, on a DAG made for that alone: a policy may change what it is given, and must
not do so twice.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from types import ModuleType, SimpleNamespace
from typing import Any, NoReturn

from airflow import settings
from airflow.exceptions import AirflowClusterPolicySkipDag, SerializationError
from airflow.policies import hookimpl
from airflow.sdk import DAG, get_parsing_context

from .errors import WorkflowError


class Faults(Exception):
    """The faults of a file, as the cause of what is raised: Python prints a cause first, without a traceback where it
    was never raised. What Airflow stores is what Python prints."""

    __module__ = "builtins"  # whose names are printed without a module before them


class NotDeployed(SerializationError):
    """Of this kind, because Airflow wraps every other in a second traceback."""


class ImportErrorOf(DAG):
    """Stands for a file that is no DAG. path: of the file, relative to the folder of the loader.

    Airflow tells every DAG of a module where the module is: first `fileloc`, then, made from that, `relative_fileloc`.
    From then on both say where the file is, relative to the bundle; 3.1 files errors under the first of them.
    """

    def __init__(self, path: str, error: WorkflowError) -> None:
        super().__init__(dag_id="import_error", schedule=None)
        self._path = path
        self._error = error
        # Past Airflow's check: no DAG id has a blank, so that no workflow can be named like it.
        object.__setattr__(self, "dag_id", f"import error of {path}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "relative_fileloc" and value:
            value = str(PurePosixPath(value).parent / self._path)
            super().__setattr__("fileloc", value)
        super().__setattr__(name, value)

    def get_serialized_fields(self) -> NoReturn:  # type: ignore[override]
        raise NotDeployed(f"{self._path} is not deployed, for the faults above") from Faults(f"\n{self._error}")


def import_error(path: str, error: WorkflowError) -> DAG | None:
    """What makes Airflow list an error of the file at `path`; None where that would not work."""
    processor = _dag_processor()
    if processor is None or not _is_filed(processor, ImportErrorOf(path, error)):
        return None
    if policies().hook.dag_policy.get_hookimpls() and not policies().is_registered(Spared):
        policies().register(Spared)
    return ImportErrorOf(path, error)


class Spared:
    """A cluster policy round all others: none refuses what stands for a file that is no DAG."""

    @staticmethod
    @hookimpl(wrapper=True)
    def dag_policy(dag: DAG) -> Iterator[None]:
        try:
            yield
        except Exception:
            # A border: a policy is the user's code, and whatever it wants of a DAG, this one has it not.
            if not isinstance(dag, ImportErrorOf):
                raise


def policy_objection(make: Callable[[], DAG], loader: str) -> str:
    """Why Airflow's cluster policies refuse a DAG; "" if they do not. make: makes one, as it is to be changed."""
    hooks = policies().hook
    if not hooks.dag_policy.get_hookimpls() and not hooks.task_policy.get_hookimpls():
        return ""
    dag = make()
    dag.fileloc = loader
    dag.relative_fileloc = _relative(loader)
    try:
        hooks.dag_policy(dag=dag)
        for task in dag.tasks:
            hooks.task_policy(task=task)
    except AirflowClusterPolicySkipDag:
        return ""  # Airflow leaves it out, without an error
    except Exception as error:  # noqa: BLE001 - a border: a policy is the user's code
        return str(error) or type(error).__name__
    return ""


def executor_objection(name: str | None) -> str:
    """Why Airflow would refuse a DAG whose tasks name this executor, with its whole loader; "" if it does not."""
    if name is None:
        return ""
    from airflow.exceptions import UnknownExecutorException
    from airflow.executors.executor_loader import ExecutorLoader

    try:
        ExecutorLoader.lookup_executor_name_by_str(name)
    except UnknownExecutorException:
        return "this is no executor of this Airflow"
    return ""


def policies() -> Any:
    """pluggy's manager of Airflow's cluster policies: a variable in 3.1, behind a function since."""
    manager = getattr(settings, "get_policy_plugin_manager", None)
    return manager() if manager else settings.POLICY_PLUGIN_MANAGER


def _relative(loader: str) -> str:
    """To its bundle, which Airflow appends to the paths of Python before it reads the loader."""
    roots = (root for root in reversed(sys.path) if root and Path(loader).is_relative_to(root))
    return os.path.relpath(loader, next(roots, os.path.dirname(loader)))


def _dag_processor() -> ModuleType | None:
    """Airflow's module, in a process that reads DAG files for the dag processor: it has a supervisor but no task."""
    runner = sys.modules.get("airflow.sdk.execution_time.task_runner")
    if getattr(runner, "SUPERVISOR_COMMS", None) is None or get_parsing_context().dag_id is not None:
        return None
    return sys.modules.get("airflow.dag_processing.processor")


def _is_filed(processor: ModuleType, stand_in: ImportErrorOf) -> bool:
    """Try it: whether serializing this DAG gives one error, under its file's path, and nothing else."""
    silent = logging.Logger("silent", logging.CRITICAL + 1)
    stand_in.relative_fileloc = "loader.py"
    try:
        dags, errors = processor._serialize_dags(SimpleNamespace(dags={stand_in.dag_id: stand_in}), silent)
    except Exception:  # noqa: BLE001 - a border: whatever another Airflow does here, the answer is no
        return False
    return not dags and list(errors) == [stand_in.relative_fileloc]
