"""The OpenAPI document, completed from what the code says: summaries, errors as they come, examples.

Nothing is written twice: the summary is the first sentence of the handler's docstring, which errors an
operation has follows from what it takes, and examples are composed out of those of the fields
(:mod:`services.api.examples`).
"""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from services.api import problems
from services.api.examples import Examples

Json = dict[str, Any]

TAGS = {
    "general": "The figures on top of the console, insights, live changes, health.",
    "tickets": "The inbox, one ticket with its evidence, and moving it.",
    "workbench": "What the desk's people look at beside a ticket: the day's board, health, a timeline.",
    "devices": "Appliances: readings, commands, and those that wait to be claimed.",
    "history": "What a device measured, as JSON, CSV or Parquet.",
    "credentials": "Who may speak to the broker as which device.",
    "engineers": "Who can be sent.",
    "desk": "Campaigns, inspections, visit windows, the plan of a day, figures.",
    "issues": "Causes that recur across a model, for those who make it.",
    "use": "What appliances tell of their use: food, programmes, filters, local water.",
    "owner": "What an owner may do, with the token in the link that the owner was sent.",
    "sessions": "Signing in and out.",
    "accounts": "People, their roles, keys of partners' programs, the audit.",
    "webhooks": "Who is told of what by HTTP, how that went, and telling it again.",
}
ABOUT: Json = {
    "title": "Zero Distance",
    "version": "1",
    "summary": "Devices, tickets, messages and commands of connected appliances.",
    "description": (
        "Times are RFC 3339 in UTC, texts for people come by language. Lists come in pages: pass `next` as "
        "`cursor`. Errors are problem documents (RFC 9457) with a stable `code`. docs/api.md tells more."
    ),
    "openapi_tags": [{"name": name, "description": said} for name, said in TAGS.items()],
    "responses": problems.RESPONSES,
    "generate_unique_id_function": lambda route: name_of(route),
    "license_info": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}
_METHODS = ("get", "put", "post", "delete", "patch")
_CHANGING = frozenset({"put", "post", "delete", "patch"})
_LONGEST_SUMMARY = 100
# Status → (code, sentence) of the example; what else can be the matter is the code's to say.
_PROBLEMS: dict[int, tuple[str, str]] = {
    401: ("unauthenticated", "Send the token as Authorization: Bearer …"),
    403: ("forbidden", "This takes the permission tickets:write; product does not have it."),
    404: ("not_found", "There is no ticket '4f1c'."),
    409: ("conflict", "Somebody else changed this ticket in the meantime: read it again, then decide."),
    412: ("precondition_failed", "If-Match and the version in the body do not agree: read the ticket again."),
    413: ("too_large", "At most 262144 bytes are taken."),
    422: ("invalid_request", "query.limit: Input should be less than or equal to 200"),
    428: ("precondition_required", "Send If-Match with the ETag that you saw, or its version in the body."),
    429: ("too_many_requests", "Too many requests: try again in 2 s."),
    503: ("unavailable", "The database does not answer."),
}


def describe(app: FastAPI) -> None:
    """Let ``app`` answer with the completed document; it is made once, when it is asked for."""

    def openapi() -> Json:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                license_info=app.license_info,
                tags=app.openapi_tags,
                routes=[route for route in app.routes if _is_described(route)],
            )
            app.openapi_schema = complete(made)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def name_of(route: APIRoute) -> str:
    """Return an operation's id: the handler's name, which clients show as the name of a function."""
    return f"owner_{route.name}" if "/owner/" in route.path else route.name


def complete(document: Json) -> Json:
    """Return a document in which every operation says all that it can; it is changed in place."""
    examples = Examples(document)
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                _complete_operation(item[method], method, path, examples)
    document["components"]["schemas"].pop("HTTPValidationError", None)
    document["components"]["schemas"].pop("ValidationError", None)
    return document


def _is_described(route: object) -> bool:
    return not isinstance(route, APIRoute) or (route.include_in_schema and route.path.startswith("/api/"))


def _complete_operation(operation: Json, method: str, path: str, examples: Examples) -> None:
    operation["summary"], operation["description"] = _say(operation.get("description", ""))
    if method != "post":  # only there it has a meaning
        operation["parameters"] = [
            one for one in operation.get("parameters", []) if one["name"].lower() != "idempotency-key"
        ]
    for parameter in operation.get("parameters", []):
        if "example" not in parameter and "examples" not in parameter:
            parameter["example"] = examples.of(parameter["schema"], parameter["name"])
    for media in operation.get("requestBody", {}).get("content", {}).values():
        if "example" not in media and "examples" not in media:
            media["example"] = examples.of(media["schema"], "")
    responses = operation["responses"]
    for status in [status for status in responses if status.isdecimal() and int(status) >= 400]:
        del responses[status]
    for media in (m for answer in responses.values() for m in answer.get("content", {}).values()):
        if "example" not in media and "examples" not in media and media.get("schema"):
            media["example"] = examples.of(media["schema"], "")
    for status in _statuses(operation, method, path):
        responses[str(status)] = _problem(status)


def _say(text: str) -> tuple[str, str]:
    """Return summary and description: the first sentence, and all of it."""
    text = text.strip()
    first = re.split(r"(?<=[.])\s", text.replace("\n", " "), maxsplit=1)[0].rstrip(".")
    if len(first) > _LONGEST_SUMMARY:
        first = re.split(r"[;:,]", first, maxsplit=1)[0]
    return first, text


def _statuses(operation: Json, method: str, path: str) -> list[int]:
    """Return which errors an operation can answer with."""
    found = {422, 429, 503}
    if operation.get("security") or path.startswith("/api/v1/owner/"):
        found.add(401)
    if operation.get("security"):
        found.add(403)
    if "{" in path:
        found.add(404)
    if method in _CHANGING:
        found |= {404, 409, 413}
    if any(parameter["name"].lower() == "if-match" for parameter in operation.get("parameters", [])):
        found |= {412, 428}
    return sorted(found)


def _problem(status: int) -> Json:
    code, detail = _PROBLEMS[status]
    title = problems.TITLES[status]
    example = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": title, "content": {problems.MEDIA_TYPE: {"schema": schema, "example": example}}}
