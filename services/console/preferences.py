"""What a person chooses for this browser: language and saved views, kept in cookies; and the phone's menu."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, quote, unquote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from services.console.context import LANGUAGE_COOKIE, VisitDep
from services.console.entrance import local_path
from services.console.presenting import URGENCIES, VIEWS
from services.console.words import WORDS

router = APIRouter()
_YEAR_S = 365 * 86_400
_VIEWS_COOKIE = "zd_views"
_MOST_VIEWS = 8
_LONGEST_NAME, _LONGEST_VALUE = 24, 100
_KEYS = ("view", "device", "q", "urgency", "type", "who")


@router.get("/language/{language}")
async def choose_language(request: Request, language: str, next: str = "/") -> Response:
    """Speak another language from now on; anybody may, the login speaks it too."""
    response = RedirectResponse(local_path(next), 303)
    if language in WORDS:
        _keep(request, response, LANGUAGE_COOKIE, language)
    return response


@router.get("/more")
async def more(visit: VisitDep) -> Response:
    """Show what has no place in a phone's bar."""
    return await visit.page("more.html", section="more")


@router.post("/views")
async def keep_view(visit: VisitDep) -> Response:
    """Save the filters of the inbox under a name, or forget a saved view."""
    form = await visit.form()
    views = saved_views(visit.request)
    forget = str(form.get("forget", ""))
    name = " ".join(str(form.get("name", "")).split())[:_LONGEST_NAME]
    query = _clean(str(form.get("query", "")))
    if forget:
        views.pop(forget, None)
    elif name and (name in views or len(views) < _MOST_VIEWS):
        views[name] = query
    response = RedirectResponse(f"/?{query}" if not forget else "/", 303)
    _keep(visit.request, response, _VIEWS_COOKIE, quote(json.dumps(views, separators=(",", ":")), safe=""))
    return response


def saved_views(request: Request) -> dict[str, str]:
    """Return the saved views: name → query of the inbox; what is not one is left out."""
    try:
        kept = json.loads(unquote(request.cookies.get(_VIEWS_COOKIE, "") or "{}"))
    except ValueError:
        return {}
    if not isinstance(kept, dict):
        return {}
    return {
        name[:_LONGEST_NAME]: _clean(query)
        for name, query in list(kept.items())[:_MOST_VIEWS]
        if name and isinstance(query, str)
    }


def _clean(query: str) -> str:
    """Return a query with nothing in it but what the inbox knows.

    >>> _clean("view=open&q=a%26b&evil=1&urgency=urgent")
    'view=open&q=a%26b&urgency=urgent'
    """
    given = dict(parse_qsl(query[:1000]))
    known = {key: given[key][:_LONGEST_VALUE] for key in _KEYS if given.get(key)}
    known["view"] = known["view"] if known.get("view") in VIEWS else "open"
    if known.get("urgency") not in URGENCIES:
        known.pop("urgency", None)
    return urlencode({key: known[key] for key in _KEYS if key in known})


def _keep(request: Request, response: Response, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=_YEAR_S, samesite="strict", secure=request.url.scheme == "https", path="/"
    )
