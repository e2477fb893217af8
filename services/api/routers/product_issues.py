"""Causes that recur across a model, for those who make it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query

from services.api.dependencies import IssuesReader, IssuesWriter, PlatformDep
from services.api.unit import UnitRoute
from services.product_issues import repository as issues
from services.product_issues.repository import MOVES, ProductIssue, State
from services.service_schemas import (
    IssueEntryPublic,
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
def get_product_issue(issue_id: str, platform: PlatformDep, caller: IssuesReader) -> ProductIssueDetail:
    """Return one issue with what its appliances have in common; no single home is told."""
    with caller.transaction() as conn:
        issue = issues.get(conn, caller.tenant, issue_id)
        shares, history = issues.shares(conn, issue), issues.history(conn, issue.id)
    return ProductIssueDetail(
        **_said(platform.desk.titles, issue),
        shares=[IssueSharePublic.model_validate(asdict(one)) for one in shares],
        history=[IssueEntryPublic(**asdict(one)) for one in history],
    )


@router.post("/product-issues/{issue_id}/moves")
def move_product_issue(
    issue_id: str, wish: ProductIssueMove, platform: PlatformDep, caller: IssuesWriter
) -> ProductIssuePublic:
    """Move an issue: somebody looks into it, or it is mended or dismissed with a word why."""
    with caller.transaction() as conn:
        moved = issues.move(
            conn,
            caller.tenant,
            issue_id,
            wish.version,
            State(wish.to),
            actor=caller.actor,
            note=wish.note,
            now=platform.clock.now(),
        )
    return ProductIssuePublic(**_said(platform.desk.titles, moved))


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
