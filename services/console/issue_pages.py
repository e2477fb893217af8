"""The pages of product issues: causes that recur across a model, for those who make it."""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from services.console.api_client import ApiProblemError
from services.console.context import Visit, VisitDep
from services.console.desk_pages import seen_version
from services.console.ticket_pages import optional
from services.service_schemas import ProductIssueDetail, ProductIssueMove

router = APIRouter()
# What tells most first: what was replaced, and whether one lot, region or age stands out.
_DIMENSIONS = ("part", "firmware", "age", "month", "region")
_MOST_SHARES = 6
_CLOSING = ("mended", "dismissed")


@router.get("/product-issues")
async def product_issues(visit: VisitDep, state: str = "open", type: str = "") -> Response:
    """List the product issues, the most prevalent first."""
    closed = state == "closed"
    found = await visit.desk.api.product_issues(closed=closed)
    type = type[:48]
    return await visit.page(
        "issues.html",
        section="issues",
        issues=[one for one in found if not type or one.type == type],
        types={one.type: one.type_title for one in found},
        type=type,
        closed=closed,
        widest=max((one.prevalence for one in found), default=0.0),
    )


@router.get("/product-issues/{issue_id}")
async def product_issue(visit: VisitDep, issue_id: str, note: str = "") -> Response:
    """Show a product issue: how common it is, what its appliances share, the repairs behind it."""
    return await _issue(visit, issue_id, note=visit.words("issue.note_moved") if note == "moved" else "")


@router.post("/product-issues/{issue_id}/move")
async def move_product_issue(visit: VisitDep, issue_id: str) -> Response:
    """Move a product issue on; a conflict says who was first, and keeps what was typed."""
    form = await visit.form()
    try:
        move = ProductIssueMove.model_validate(
            {"version": seen_version(form), "to": form.get("to", ""), "note": _note(form)}
        )
    except ValidationError:
        problem = visit.words("ticket.incomplete")
        return await _issue(visit, issue_id, status=422, problem=problem, typed=form)
    if move.to in _CLOSING and not move.note:
        problem = visit.words("issue.say_why")
        return await _issue(visit, issue_id, status=422, problem=problem, typed=form)
    try:
        await visit.desk.api.move_issue(issue_id, move, visit.session.name)
    except ApiProblemError as error:
        if error.status >= 500:
            raise
        return await _issue(
            visit,
            issue_id,
            status=error.status,
            problem=visit.words.problem(error.problem, str(error)),
            conflict=move.version if error.problem == "conflict" else None,
            typed=form,
        )
    return RedirectResponse(f"/product-issues/{quote(issue_id, safe='')}?note=moved", 303)


async def _issue(
    visit: Visit,
    issue_id: str,
    *,
    status: int = 200,
    note: str = "",
    problem: str = "",
    conflict: int | None = None,
    typed: FormData | None = None,
) -> Response:
    api = visit.desk.api
    named = visit.session.may("tickets:read")
    issue, repairs = await asyncio.gather(
        api.product_issue(issue_id), optional(api.repairs(issue_id)) if named else _none()
    )
    return await visit.page(
        "issue.html",
        section="issues",
        status=status,
        issue=issue,
        patterns=patterns(issue),
        repairs=repairs,
        note=note,
        problem=problem,
        conflict=conflict is not None,
        changes=[line for line in issue.history if conflict is not None and line.version > conflict],
        typed=typed or {},
    )


def patterns(issue: ProductIssueDetail) -> list[dict[str, Any]]:
    """Return what the appliances of an issue share, by dimension, the most telling first.

    A dimension of which nothing is known says nothing, and is left out; months come in their order.
    """
    found = []
    ordered = sorted(issue.shares, key=lambda share: _DIMENSIONS.index(share.dimension))
    for dimension, group in groupby(ordered, key=lambda share: share.dimension):
        shares = list(group)
        if not any(share.value for share in shares):
            continue
        if dimension in ("month", "age"):
            shares.sort(key=lambda share: (not share.value, share.value.rjust(8)))
            shown = shares[-_MOST_SHARES:]
        else:
            shown = shares[:_MOST_SHARES]
        found.append({"dimension": dimension, "shares": shown, "more": len(shares) - len(shown)})
    return found


def _note(form: FormData) -> str:
    value = form.get("note", "")
    return value.strip()[:2000] if isinstance(value, str) else ""


async def _none() -> None:
    return None
