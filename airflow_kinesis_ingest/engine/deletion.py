"""Which catalogued topics have provably lost their stream."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..errors import DeletionRefused


@dataclass(frozen=True, slots=True)
class Gone:
    """names: topics to delete. elsewhere: topics whose stream is in another account or region, left alone."""

    names: tuple[str, ...]
    elsewhere: tuple[str, ...]


def gone(
    catalogued: Mapping[str, str | None],
    listed: Collection[str],
    *,
    region: str,
    account: str | None,
    max_share: float,
) -> Gone:
    """Compare the catalogue (name -> stream ARN, None if not recorded) with a listing that ran to its end.

    listed: every stream's name, before any filter. account: of the listed streams, None when nothing was listed.
    Raises DeletionRefused when more than `max_share` of this account's and region's topics are missing, which is never
    all of them (unless it is 1).
    """
    elsewhere = {name for name, arn in catalogued.items() if _is_elsewhere(arn, region, account)}
    missing = [name for name in catalogued if name not in listed]
    names = tuple(name for name in missing if name not in elsewhere)
    here = len(catalogued) - len(elsewhere)
    if names and len(names) / here > max_share:
        raise DeletionRefused(
            f"{len(names)} of {here} topics have no stream any more; none was deleted",
            where="markDeletedTopics",
            why=f"one run may delete {max_share:.0%} of them" + (", and never all" if max_share < 1 else ""),
            remedy=f"Check region and account. If the streams are gone ({_few(names)}), allow it for one run:"
            " `options.deletion.maxShare: 1`",
        )
    return Gone(names, tuple(name for name in missing if name in elsewhere))


def account_of(arn: str | None) -> str | None:
    """The account in arn:partition:service:region:account:resource."""
    return _part(arn, 4)


def _is_elsewhere(arn: str | None, region: str, account: str | None) -> bool:
    its_region, its_account = _part(arn, 3), _part(arn, 4)
    return bool((its_region and its_region != region) or (its_account and account and its_account != account))


def _part(arn: str | None, index: int) -> str | None:
    parts = (arn or "").split(":")
    return parts[index] or None if len(parts) > index else None


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
