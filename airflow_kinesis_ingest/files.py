"""Which files below a folder are workflow files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

SUFFIXES = (".yaml", ".yml", ".json")
IGNORE = ".airflowignore"


def workflow_files(folder: Path) -> list[Path]:
    """Every .yaml, .yml and .json file below a folder in the order of paths, links followed, hidden ones left out.

    A symbolic link that leads nowhere is among them: it is somebody's workflow that is missing. `.airflowignore`
    holds glob patterns (Airflow's default syntax) for the folder it lies in. Raises OSError if the folder cannot be
    listed; sub-folders that cannot are left out.
    """
    return [Path(path) for path in workflow_paths(os.fspath(folder))]


def workflow_paths(folder: str) -> list[str]:
    """The same as plain strings: at the start of a task a thousand of them are looked through."""
    return sorted(_below(folder, os.scandir(folder), (), (os.path.realpath(folder),)))


Ignored = tuple[tuple[str, "GitIgnoreSpec"], ...]


def _below(
    folder: str, listing: Iterator[os.DirEntry[str]], ignored: Ignored, inside: tuple[str, ...]
) -> Iterator[str]:
    """inside: the real paths of this folder, last, and of those it was reached through."""
    entries = list(listing)
    if any(entry.name == IGNORE for entry in entries):
        ignored = (*ignored, (folder, _patterns(os.path.join(folder, IGNORE))))
    for entry in entries:
        if entry.name.startswith(".") or any(_is_ignored(entry, top, spec) for top, spec in ignored):
            continue
        if _is_folder(entry):
            real = os.path.realpath(entry.path) if entry.is_symlink() else os.path.join(inside[-1], entry.name)
            if real not in inside:
                yield from _below(entry.path, _listing(entry.path), ignored, (*inside, real))
        elif entry.name.endswith(SUFFIXES) and _is_file_or_missing(entry):
            yield entry.path


def _is_folder(entry: os.DirEntry[str]) -> bool:
    # Not is_dir() alone: it raises for a link that leads to itself.
    return entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and os.path.isdir(entry.path))


def _is_file_or_missing(entry: os.DirEntry[str]) -> bool:
    """Not a pipe, of which reading has no end."""
    return entry.is_file(follow_symlinks=False) or (
        entry.is_symlink() and (os.path.isfile(entry.path) or not os.path.exists(entry.path))
    )


def _listing(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        return os.scandir(folder)
    except OSError:
        return iter(())


def _patterns(file: str) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # most folders have no such file

    try:
        with open(file, encoding="utf-8", errors="replace") as lines:
            return GitIgnoreSpec.from_lines(filter(_is_pattern, lines))
    except OSError:
        return GitIgnoreSpec.from_lines(())


def _is_pattern(line: str) -> bool:
    # As in Airflow, a line that is none ("!") ignores nothing; it must not take every pipeline down.
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def _is_ignored(entry: os.DirEntry[str], top: str, patterns: GitIgnoreSpec) -> bool:
    path = os.path.relpath(entry.path, top)
    return patterns.match_file(f"{path}/" if _is_folder(entry) else path)
