"""`airflow kinesis-ingest ...`: the commands of `kinesis-ingest`, for people who are in Airflow's command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand


def get_commands() -> list[GroupCommand]:
    summary = "Ingest Kinesis streams into OpenMetadata; check and deploy workflow files"
    return [GroupCommand(name="kinesis-ingest", help=summary, subcommands=list(_commands()))]


def _commands() -> Iterator[ActionCommand]:
    from .cli import build_parser

    subparsers = next(action for action in build_parser()._actions if action.metavar == "COMMAND")
    commands: dict[str, argparse.ArgumentParser] = dict(subparsers.choices or {})
    for name, parser in commands.items():
        arguments = [_argument(action) for action in parser._actions if action.dest != "help"]
        command = parser.get_default("command")
        yield ActionCommand(name, parser.description or name, partial(_run, command), arguments)


def _argument(action: argparse.Action) -> Arg:
    flags = tuple(action.option_strings) or (action.dest,)
    if action.nargs == 0:
        return Arg(flags, help=action.help, action="store_true")  # type: ignore[no-untyped-call]
    given = {
        "nargs": action.nargs,
        "type": action.type,
        "choices": action.choices,
        "default": action.default,
        "metavar": action.metavar,
        "required": action.required if action.option_strings else None,
    }
    given = {key: value for key, value in given.items() if value is not None}
    return Arg(flags, help=action.help, **given)  # type: ignore[no-untyped-call]


def _run(command: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> None:
    from .cli import run
    from .hooks.fence import configured_fence
    from .hooks.runtime import airflow_runtime

    # As for `airflow connections`: connections may lie in Airflow's database, which the SDK else leaves out.
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    arguments.fence, arguments.runtime = configured_fence(), airflow_runtime
    arguments.make_pools = make_pools
    sys.exit(run(command, arguments))


def make_pools(names: Sequence[str]) -> Iterator[str]:
    """Make the pools that are missing, as `airflow pools set` does; yields what became of each. None is changed."""
    from airflow.api.client import get_current_api_client

    from .deployment.pools import SLOTS

    client: Any = get_current_api_client()
    there = {pool[0]: pool[1] for pool in client.get_pools()}
    for name in names:
        if name not in there:
            client.create_pool(name, SLOTS, "Runs of one AWS account and region, one at a time", False)
            yield f"made: {name}"
        elif there[name] == SLOTS:
            yield f"there already: {name}"
        else:
            yield f"left as it is: {name} {_otherwise(there[name])}"


def _otherwise(slots: int) -> str:
    """What a pool of not one slot means for its runs."""
    if slots == 0:
        return "has 0 slots, and no run begins: give it 1 with `airflow pools set`"
    many = f"{slots} slots" if slots > 0 else "no limit"
    return f"has {many}, and so many runs at once share the account's quota"
