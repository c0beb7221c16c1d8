"""What all parts ask alike: listings page by page, one description after another, answers taken with care."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ...errors import Abort, IngestError, Retry, Skip, Stopped, StreamGone, Unreachable
from ..model import Problem
from .flow import Flow, Listing, Part, Region, Seen, Unfinished, step_of

T = TypeVar("T")
IN_A_ROW = 3
"""Descriptions that fail one after another, until the fault is not theirs."""

Found = Flow | Seen | Problem | Unfinished
Body = dict[str, Any]
TOKEN = "NextToken"  # noqa: S105 - of a page


def listed(part: Part, region: Region) -> Listing:
    """All that a part finds; what ends it early is a problem, and the listing not complete. Raises Stopped."""
    found: list[Found] = []
    try:
        found.extend(part.find(region))  # one by one: what came before an error stays
    except Stopped:
        raise
    except IngestError as error:
        found += [problem_of(part.name, error.where, error), Unfinished()]
    flows = tuple(dict.fromkeys(each for each in found if isinstance(each, Flow)))
    present = frozenset(each.name for each in found if isinstance(each, Flow | Seen))
    problems = tuple(each for each in found if isinstance(each, Problem))
    return Listing(part.name, flows, present, Unfinished() not in found, problems)


def problem_of(part: str, entity: str, error: IngestError) -> Problem:
    return Problem(step_of(part), entity or part, error.cause, error.remedy, error.actions)


def pages(
    region: Region, action: str, member: str, *, token: str = TOKEN, into: str = "", **parameters: Any
) -> Iterator[Body]:
    """Each element of the list `member`, on all pages of a listing.

    token: the member that holds the next page's; into: the parameter it goes into, if that is called otherwise. Raises
    Abort where the pages do not advance, else as `Region.call`.
    """
    seen: set[str] = set()
    place: dict[str, str] = {}
    while True:
        answer = region.call(action, **parameters, **place)
        yield from elements(answer, member, action)
        following = text(answer, token)
        if not following:
            return
        if following in seen:
            raise stuck(action)
        seen.add(following)
        place = {into or token: following}


def stuck(action: str) -> Abort:
    return Abort(
        "the listing does not advance",
        where=action,
        why="AWS says there is more and repeats a page",
        remedy="Run again; if it stays, what answers is not a correct AWS",
    )


def elements(answer: Body, member: str, action: str) -> list[Body]:
    """A list of blocks that a true answer holds. Raises Unreachable: botocore makes an empty answer of an HTML page."""
    return [each for each in held(answer, member, list, action) if isinstance(each, dict)]


def held(answer: Body, member: str, kind: type[T], action: str) -> T:
    """A member that a true answer holds. Raises Unreachable."""
    found = answer.get(member)
    if not isinstance(found, kind):
        remedy = "Check what answers in the place of AWS (a proxy? a simulator?)"
        raise Unreachable("this is no answer of AWS", where=action, why=f"it holds no {member}", remedy=remedy)
    return found


def each_described(
    part: str, names: Iterable[str], describe: Callable[[str], Iterable[Flow | Problem]]
) -> Iterator[Found]:
    """What `describe` finds of each pipeline. One that failed is there and has a problem; one that is gone is not.

    When three in a row failed, the last error is raised: the fault is not theirs.
    """
    failed: list[Problem] = []
    for name in names:
        try:
            found = list(describe(name))
        except StreamGone:
            continue
        except (Skip, Retry) as error:
            failed.append(problem_of(part, name, error))
            yield Seen(name)
            if len(failed) >= IN_A_ROW:
                raise
            continue
        yield from failed
        failed.clear()
        yield Seen(name)
        yield from found
    yield from failed


def block(of: Body, *path: str) -> Body:
    """The block at a path of members; empty where there is none."""
    found: Any = of
    for member in path:
        found = found.get(member) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def blocks(of: Body, *path: str) -> list[Body]:
    """The blocks of the list at a path of members."""
    found = block(of, *path[:-1]).get(path[-1])
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def text(of: Body, *path: str) -> str:
    """The text at a path of members; "" where there is none. botocore does not check what type a member has."""
    found = block(of, *path[:-1]).get(path[-1])
    return found if isinstance(found, str) else ""


def host_of(address: str) -> str:
    """Of a URL, without port, path and whatever secret they hold; the text itself where it is a bare host."""
    plain = address.removeprefix("jdbc:")
    try:
        found = urlsplit(plain if "//" in plain else f"//{plain}").hostname
    except ValueError:
        return ""
    return found or ""


def stream_of(arn: str) -> str:
    """The ARN of the stream that a stream's or a consumer's ARN names; "" for any other ARN."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "kinesis" or not parts[5].startswith("stream/"):
        return ""
    name = parts[5].split("/")[1]
    return ":".join((*parts[:5], f"stream/{name}")) if name else ""
