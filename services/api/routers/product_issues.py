"""Causes that recur across a model, for those who make it."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from services.api.dependencies import IfMatch, IssuesReader, IssuesWriter, PlatformDep, TicketsReader
from services.api.unit import UnitRoute
from services.api.versions import check_seen, tag_version
from services.product_issues import repository as issues
from services.product_issues.repository import MOVES, ProductIssue, State
from services.schemas import ChangeTold
from services.service_schemas import (
    IssueEntryPublic,
    IssueRepairPublic,
    IssueSharePublic,
    ProductIssueDetail,
    ProductIssueMove,
    ProductIssuePublic,
)
from services.titles import Titles

router = APIRouter(route_class=UnitRoute, tags=["issues"])


@router.get("/product-issues")
def list_product_issues(
    platform: PlatformDep,
    caller: IssuesReader,
    closed: Annotated[bool, Query(description="those that were mended or dismissed")] = False,
) -> list[ProductIssuePublic]:
    """Return the open issues, the most prevalent first; or those that are closed, the latest first."""
    with caller.transaction() as conn:
        found = issues.listing(conn, caller.tenant, closed=closed)
    return [ProductIssuePublic(**_said(platform.desk.titles, one)) for one in found]


@router.get("/product-issues/{issue_id}")
def get_product_issue(
    issue_id: str, platform: PlatformDep, caller: IssuesReader, response: Response
) -> ProductIssueDetail:
    """Return one issue with what its appliances have in common; no single home is told."""
    titles = platform.desk.titles
    with caller.transaction() as conn:
        issue = issues.get(conn, caller.tenant, issue_id)
        shares, history = issues.shares(conn, issue), issues.history(conn, issue.id)
    said = ProductIssueDetail(
        **_said(titles, issue),
        shares=[
            IssueSharePublic.model_validate({**asdict(one), "title": _share_title(titles, issue, one)})
            for one in shares
        ],
        history=[IssueEntryPublic(**asdict(one)) for one in history],
    )
    tag_version(response, issue.version, said)
    return said


@router.get("/product-issues/{issue_id}/repairs")
def list_issue_repairs(
    issue_id: str, platform: PlatformDep, caller: TicketsReader
) -> list[IssueRepairPublic]:
    """Return the repairs behind an issue whose tickets the caller sees, the latest first, at most 100."""
    titles = platform.desk.titles
    with caller.transaction() as conn:
        issue = issues.get(conn, caller.tenant, issue_id)
        found = issues.repairs(conn, issue)
    return [
        IssueRepairPublic(
            **{
                **asdict(one),
                "cause_title": titles.cause(issue.type, one.cause),
                "parts": [titles.part(issue.type, part) for part in one.parts],
            }
        )
        for one in found
    ]


@router.post("/product-issues/{issue_id}/moves")
def move_product_issue(
    issue_id: str,
    wish: ProductIssueMove,
    platform: PlatformDep,
    caller: IssuesWriter,
    response: Response,
    if_match: IfMatch = None,
) -> ProductIssuePublic:
    """Move an issue: somebody looks into it, or it is mended or dismissed with a word why.

    If somebody else moved it since, 412 (If-Match) or 409 (``version``) say who and how.
    """
    with caller.transaction() as conn:
        current = issues.get(conn, caller.tenant, issue_id, lock=True)

        def changes(since: int) -> list[ChangeTold]:
            return _told(issues.history(conn, issue_id), since)

        check_seen("product issue", current.version, wish.version, if_match, changes)
        moved = issues.move(
            conn,
            caller.tenant,
            issue_id,
            current.version,
            State(wish.to),
            actor=caller.actor,
            note=wish.note,
            now=platform.clock.now(),
        )
    tag_version(response, moved.version)
    return ProductIssuePublic(**_said(platform.desk.titles, moved))


def _told(history: list[issues.Entry], since: int) -> list[ChangeTold]:
    """Return what was done after a version."""
    return [
        ChangeTold(
            version=line.version,
            time=line.time,
            actor=line.actor,
            from_state=before.state,
            to_state=line.state,
            note=line.note,
            changed=["state"],
        )
        for before, line in itertools.pairwise(history)
        if line.version > since
    ]


def _share_title(titles: Titles, issue: ProductIssue, share: issues.Share) -> dict[str, str]:
    if share.dimension == "part":
        return titles.part(issue.type, share.value)
    return {"en": share.value}


def _said(titles: Titles, issue: ProductIssue) -> dict[str, Any]:
    said = asdict(issue)
    del said["tenant_id"]
    return {
        **said,
        "type_title": titles.type(issue.type),
        "cause_title": titles.cause(issue.type, issue.cause),
        "prevalence": issue.prevalence,
        "moves": sorted(MOVES[State(issue.state)]),
    }
