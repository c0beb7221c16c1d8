"""Which files below a folder are workflow files."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

SUFFIXES = (".yaml", ".yml", ".json")
IGNORE = ".airflowignore"
REPORT = re.compile(rb'\s*\{\s*"state":\s*"\w+",\s*"listed":\s*\d')
NO_NAME = "\0"
"""No file has it: a pattern that takes in a file of this name (`*`, `flows/`) takes in every file."""


def workflow_files(folder: Path) -> list[Path]:
    """Every .yaml, .yml and .json file below a folder in the order of paths, links followed, hidden ones left out.

    A folder that several paths lead to is looked through once, by its own path where that is below the folder too.
    Among the files are those that somebody misses: every link that leads nowhere, and each sub-folder that cannot be
    listed. `.airflowignore` holds glob patterns (Airflow's default syntax) for the folder it lies in, which is the
    given one or any below it. A report of `ingest --report` is none. Raises OSError if the folder cannot be listed.
    """
    return [Path(path) for path in workflow_paths(os.fspath(folder))]


def workflow_paths(folder: str, top: str = "") -> list[str]:
    """The same as plain strings: at the start of a task a thousand of them are looked through.

    top: a folder above; `.airflowignore` may lie in it and on the way down as well, but not take in all of a folder
    that was asked for by name.
    """
    os.scandir(folder).close()
    return sorted(_below(folder, _on_the_way(top, folder)))


def is_ignored(file: Path) -> bool:
    """Whether an `.airflowignore` beside the file or in the folder above names it: there a loader surely looks."""
    folder = os.path.abspath(file.parent)
    ignored = (*_on_the_way(os.path.dirname(folder), folder), *_of(folder))
    return any(patterns.match_file(os.path.relpath(file, top)) for top, patterns in ignored)


Ignored = tuple[tuple[str, "GitIgnoreSpec"], ...]


def _below(folder: str, ignored: Ignored) -> Iterator[str]:
    seen: set[str] = set()
    folders, links = deque([(folder, os.path.realpath(folder), ignored)]), deque[tuple[str, str, Ignored]]()
    while folders or links:
        path, real, ignored = (folders or links).popleft()  # links last: a folder's own path is the better one
        if real in seen:
            continue
        seen.add(real)
        entries = _listed(path)
        if entries is None:
            yield path
            continue
        ignored = (*ignored, *_of(path))
        for entry in _visible(entries, ignored):
            if entry.is_dir(follow_symlinks=False):
                folders.append((entry.path, os.path.join(real, entry.name), ignored))
            elif _is_folder(entry):
                links.append((entry.path, os.path.realpath(entry.path), ignored))
            elif _is_workflow(entry) and not _is_report(entry):
                yield entry.path


def _visible(entries: list[os.DirEntry[str]], ignored: Ignored) -> Iterator[os.DirEntry[str]]:
    for entry in entries:
        if not entry.name.startswith(".") and not any(_names(patterns, top, entry) for top, patterns in ignored):
            yield entry


def _listed(folder: str) -> list[os.DirEntry[str]] | None:
    """In the order of names, so that of two links to one folder the same one is followed every time."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    # Not is_dir() alone: it raises for a link that leads to itself.
    return entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and os.path.isdir(entry.path))


def _is_workflow(entry: os.DirEntry[str]) -> bool:
    """A file of one of our names, but no pipe, of which reading has no end; or any link that leads nowhere."""
    if entry.is_symlink() and not os.path.exists(entry.path):
        return True
    return entry.name.endswith(SUFFIXES) and (
        entry.is_file(follow_symlinks=False) or (entry.is_symlink() and os.path.isfile(entry.path))
    )


def _is_report(entry: os.DirEntry[str]) -> bool:
    """Whether it begins as what `ingest --report` writes; no workflow has these keys."""
    if not entry.name.endswith(".json"):
        return False
    try:
        with open(entry.path, "rb") as file:
            return REPORT.match(file.read(100)) is not None
    except OSError:
        return False


def _on_the_way(top: str, folder: str) -> Ignored:
    """What lies in `top` and in the folders from there to the one above `folder`."""
    path = Path(os.path.relpath(folder, top) if top else os.curdir)
    if path.parts[:1] in ((), (os.pardir,)):
        return ()
    roots = [os.path.normpath(os.path.join(top, parent)) for parent in reversed(path.parents)]
    return tuple(one for root in roots for one in _of(root, f"{os.path.relpath(folder, root)}/"))


def _of(folder: str, wanted: str = "") -> Ignored:
    """wanted: a folder below that was asked for by name, its path from here with a slash at its end.

    `workflows/` or `*.yaml` tells Airflow to look for no Python there, and is in many an .airflowignore for that: a
    pattern that takes in the wanted folder as a whole does not count.
    """
    lines = filter(_is_pattern, _lines(os.path.join(folder, IGNORE)))
    counting = [line for line in lines if not (wanted and _takes_in_all_of(wanted, line))]
    return ((folder, _patterns(counting)),) if counting else ()


def _lines(file: str) -> list[str]:
    if not os.path.isfile(file):
        return []
    try:
        with open(file, encoding="utf-8", errors="replace") as lines:
            return list(lines)
    except OSError:
        return []


def _takes_in_all_of(folder: str, line: str) -> bool:
    """Whether a pattern matches the folder itself, or a file in it whatever its name, or of one suffix of ours."""
    wholes = (folder, *(folder + NO_NAME + suffix for suffix in ("", *SUFFIXES)))
    return any(map(_patterns([line]).match_file, wholes))


def _patterns(lines: list[str]) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # most folders have no such file

    return GitIgnoreSpec.from_lines(lines)


def _is_pattern(line: str) -> bool:
    # As in Airflow, a line that is none ("!") ignores nothing; it must not take every pipeline down.
    try:
        _patterns([line])
    except ValueError:
        return False
    return True


def _names(patterns: GitIgnoreSpec, top: str, entry: os.DirEntry[str]) -> bool:
    path = os.path.relpath(entry.path, top)
    return patterns.match_file(f"{path}/" if _is_folder(entry) else path)
