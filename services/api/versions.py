"""Two people at one thing: a change says which version it saw, and the second one is told what the first did.

A thing with a column ``version`` has it as its ETag; one without (an engineer's entry) has a digest of what
it says. Tickets, accounts, campaigns, product issues, webhooks and engineers are guarded so; what is only
ever added to (inspections, messages, commands of one appliance) needs no guard.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from fastapi import Response
from pydantic import BaseModel

from services import workbench
from services.api.dependencies import check_version, read_version
from services.api.problems import (
    ChangedError,
    ChangedPreconditionError,
    PreconditionError,
    VersionNeededError,
)
from services.campaigns import repository as campaigns
from services.schemas import ChangeTold
from zerodistance.errors import ConflictError
from zerodistance.store.database import Connection


def tag_version(response: Response, version: int, said: BaseModel | None = None) -> None:
    """Give an answer the ETag of a version.

    Args:
        response: the answer.
        version: that If-Match is compared with.
        said: what is said, if that changes without a new version (figures that are counted anew): then
            If-None-Match tells one answer from the next, while If-Match still goes by the version.
    """
    digest = f"-{content_tag(said).strip(chr(34))}" if said is not None else ""
    response.headers["ETag"] = f'"{version}{digest}"'


def tag_content(response: Response, said: BaseModel) -> None:
    """Give an answer the ETag of what it says."""
    response.headers["ETag"] = content_tag(said)


def content_tag(said: BaseModel) -> str:
    """Return the ETag of what is said.

    >>> class Entry(BaseModel):
    ...     name: str
    >>> content_tag(Entry(name="Wang")) == content_tag(Entry(name="Wang")) != content_tag(Entry(name="Li"))
    True
    """
    return f'"{hashlib.sha256(said.model_dump_json().encode()).hexdigest()[:16]}"'


def check_seen(
    what: str,
    version: int,
    seen: int | None,
    if_match: str | None,
    changes: Callable[[int], Sequence[ChangeTold]] = lambda _version: (),
) -> None:
    """Return if what is to be changed stands as the caller saw it; it has to be locked.

    Args:
        what: it is called in the sentence, such as "campaign".
        version: that stands.
        seen: the version in the body, if one was sent.
        if_match: the header, if it was sent.
        changes: tells what was changed since a version.

    Raises:
        ChangedError: it is another version by now (409, or 412 for If-Match), by whom and what is said.
        VersionNeededError: neither was sent (428).
    """
    named = _without_digest(if_match)
    try:
        check_version(version, seen, named)
    except (ConflictError, PreconditionError) as error:
        since = read_version(seen, named)
        told = list(changes(since)) if since else []
        sentence = (
            f"This {what} was changed by {_names(line.actor for line in told)} meanwhile "
            f"(version {version} now): read it again, then decide."
        )
        kind = ChangedPreconditionError if isinstance(error, PreconditionError) else ChangedError
        raise kind(sentence, version, told) from error


def check_campaign(
    conn: Connection,
    tenant: int,
    campaign_id: str,
    seen: int | None,
    if_match: str | None,
    *,
    needed: bool = True,
) -> None:
    """Lock a campaign, and return if it stands as the caller saw it.

    Args:
        conn: in the transaction of the change.
        tenant: whose.
        campaign_id: which.
        seen: the version in the body, if one was sent.
        if_match: the header, if it was sent.
        needed: whether one of the two has to be sent.

    Raises:
        NotFoundError: there is no such campaign.
        ChangedError: somebody acted on it since.
        VersionNeededError: neither was sent, and one has to be.
    """
    stands = campaigns.get(conn, tenant, campaign_id, lock=True)
    if not needed and seen is None and if_match is None:
        return

    def changes(since: int) -> list[ChangeTold]:
        return [
            ChangeTold(
                version=line.version,
                time=line.time,
                actor=line.actor,
                from_state=None,
                to_state=stands.state,
                note=line.note,
                changed=[],
            )
            for line in reversed(workbench.campaign_history(conn, campaign_id))
            if line.version > since
        ]

    check_seen("campaign", stands.version, seen, if_match, changes)


def check_content(what: str, said: BaseModel, if_match: str | None) -> None:
    """Return if an entry without a version says what the caller saw; it has to be locked.

    Raises:
        PreconditionError: it says something else by now (412).
        VersionNeededError: no If-Match was sent (428).
    """
    if if_match is None:
        raise VersionNeededError(
            f"This {what} is there already: send If-Match with the ETag that you saw, or * to write over it."
        )
    tags = {part.strip().removeprefix("W/") for part in if_match.split(",")}
    if not tags & {"*", content_tag(said)}:
        raise PreconditionError(f"This {what} was changed meanwhile: read it again, then decide.")


def _without_digest(if_match: str | None) -> str | None:
    """Return an If-Match header without the digest behind the version.

    >>> _without_digest('"3-1f2e3d4c"'), _without_digest("*")
    ('"3"', '*')
    """
    if if_match is None or "-" not in if_match:
        return if_match
    return if_match.partition("-")[0] + '"'


def _names(actors: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(actors)) or "somebody else"
