"""Which catalogued topics have provably lost their stream."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ...errors import DeletionRefused


@dataclass(frozen=True, slots=True)
class Gone:
    """Topics whose stream is not listed.

    names: those to delete. Left alone are, elsewhere: those whose stream is in another account or region; unproven:
    those of which it is not recorded where their stream was.
    """

    names: tuple[str, ...]
    elsewhere: tuple[str, ...]
    unproven: tuple[str, ...] = ()


class Kind(NamedTuple):
    """What is deleted, in the words of an error. where, option: what asks for it, and what allows more of it."""

    many: str = "topics"
    lost: str = "have no stream any more"
    where: str = "markDeletedTopics"
    whose: str = "the streams"
    option: str = "options.deletion.maxShare"


TOPICS = Kind()
PIPELINES = Kind(
    many="pipelines",
    lost="are not in AWS any more",
    where="options.lineage",
    whose="they",
    option="options.lineage.deletion.maxShare",
)


def gone(
    catalogued: Mapping[str, str | None],
    listed: Collection[str],
    *,
    region: str,
    account: str | None,
    max_share: float,
    kind: Kind = TOPICS,
) -> Gone:
    """Compare the catalogue (name -> stream ARN, None if not recorded) with a listing that ran to its end.

    listed: every stream's name, before any filter. account: of the listed streams, None when nothing was listed.
    Raises DeletionRefused when more than `max_share` of this account's and region's topics are missing, which is never
    all of them (unless it is 1), and when the account is not known and the topics are of several.
    """
    elsewhere = {name for name, arn in catalogued.items() if _is_elsewhere(arn, region, account)}
    missing = [name for name in catalogued if name not in listed]
    ours = [name for name in missing if name not in elsewhere]
    names = tuple(name for name in ours if is_whole(catalogued[name]))
    unproven = tuple(name for name in ours if not is_whole(catalogued[name]))
    here = len(catalogued) - len(elsewhere) - len(unproven)
    if names and len(names) / here > max_share:
        raise DeletionRefused(
            f"{len(names)} of {here} {kind.many} {kind.lost}; none was deleted",
            where=kind.where,
            why=f"one run may delete {max_share:.0%} of them" + (", and never all" if max_share < 1 else ""),
            remedy=f"Check region and account. If {kind.whose} are gone ({_few(names)}), allow it for one run:"
            f" `{kind.option}: 1`",
        )
    accounts = {found for found in map(account_of, catalogued.values()) if found}
    if names and account is None and len(accounts) > 1:
        raise DeletionRefused(
            f"{len(names)} topics have no stream any more; none was deleted",
            where="markDeletedTopics",
            why=f"no stream was listed that names this run's account, and the topics are of {len(accounts)} accounts",
            remedy="An empty listing proves nothing: check the credentials. If the streams are gone"
            f" ({_few(names)}), delete the topics by hand",
        )
    return Gone(names, tuple(name for name in missing if name in elsewhere), unproven)


def account_of(arn: str | None) -> str | None:
    """The account in arn:partition:service:region:account:resource."""
    return _part(arn, 4)


def region_of(arn: str | None) -> str | None:
    """The region in arn:partition:service:region:account:resource."""
    return _part(arn, 3)


def elsewhere(recorded: str | None, arn: str | None, moved_from: Collection[str] = ()) -> str | None:
    """The account or the region, in words, that a topic's recorded stream was in, where that is another than `arn`'s.

    None where both are of one, or nothing is recorded. moved_from: accounts, or ACCOUNT_REGION, whose topics may be
    taken over.
    """
    (its_region, its_account), (region, account) = (
        (_part(recorded, 3), _part(recorded, 4)),
        (_part(arn, 3), _part(arn, 4)),
    )
    if its_account in moved_from or f"{its_account}_{its_region}" in moved_from:
        return None
    differs = (its_account and account and its_account != account) or (its_region and region and its_region != region)
    return f"{its_account}_{its_region}" if differs else None


def _is_elsewhere(arn: str | None, region: str, account: str | None) -> bool:
    its_region, its_account = _part(arn, 3), _part(arn, 4)
    return bool((its_region and its_region != region) or (its_account and account and its_account != account))


def is_whole(arn: str | None) -> bool:
    """Whether it says where its stream is."""
    return bool(_part(arn, 3) and _part(arn, 4))


def _part(arn: str | None, index: int) -> str | None:
    parts = (arn or "").split(":")
    return parts[index] or None if len(parts) > index else None


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
