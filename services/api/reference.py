"""Tables of docs/api.md that are made from the code: errors by code, permissions by role.

``python -m services.api.reference docs/api.md`` writes them anew; a test compares.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import services.api.app  # noqa: F401 - every error of the API is known once its modules are
from services.accounts.roles import GRANTS, AccountRole, Permission
from services.api.problems import HTTP_CODES, TITLES
from zerodistance.errors import ZeroDistanceError

_HEAD = "<!-- made by services.api.reference: {} -->"
_TAIL = "<!-- made by services.api.reference: end -->"
# What a caller should do about an answer, by its status.
_ADVICE = {
    401: "sign in, renew the session, or use another key",
    403: "ask an administrator for the role",
    404: "it is not there, or not yours to know of",
    405: "use another method",
    409: "read it again, then decide",
    412: "read it again; `changes` says who changed what",
    413: "send less",
    422: "correct what `detail` names",
    428: "send `If-Match` or `version`",
    429: "wait for `Retry-After` seconds",
    500: "tell us; it is in our log",
    503: "wait for `Retry-After` seconds",
}


def errors_table() -> str:
    """Return every code that an answer can carry, with its status, as a Markdown table."""
    rows: dict[str, tuple[int, str]] = {}
    errors: list[type[ZeroDistanceError]] = [ZeroDistanceError, *_heirs(ZeroDistanceError)]
    for error in errors:
        shared = error.http_status == ZeroDistanceError.http_status and error is not ZeroDistanceError
        ours = error.__module__.startswith(("zerodistance.errors", "services."))
        if shared or not ours or error.__module__.startswith("services.console"):
            continue  # never an answer of the API, or none of its own: it is told as `error`
        said = (error.__doc__ or "").strip().splitlines()[0].rstrip(".")
        rows.setdefault(error.code, (error.http_status, said))
    for status, code in HTTP_CODES.items():
        rows.setdefault(code, (status, TITLES[status]))
    rows["invalid_request"] = (422, "The request is not as the API's document has it")
    rows["invalid_message"] = (422, "The request holds something that cannot be used")
    rows["error"] = (500, "Something went wrong on our side")
    rows["store"] = (500, "The database refused the request")
    lines = ["| status | code | means | what to do |", "| --- | --- | --- | --- |"]
    for code, (status, said) in sorted(rows.items(), key=lambda row: (row[1][0], row[0])):
        lines.append(f"| {status} | `{code}` | {said} | {_ADVICE.get(status, '')} |")
    return "\n".join(lines)


def permissions_table() -> str:
    """Return which role may what, as a Markdown table."""
    roles = list(AccountRole)
    lines = [
        f"| permission | {' | '.join(roles)} |",
        f"| --- |{' --- |' * len(roles)}",
    ]
    for permission in sorted(Permission):
        marks = ["✓" if permission in GRANTS[role] else "" for role in roles]
        lines.append(f"| `{permission}` | {' | '.join(marks)} |")
    return "\n".join(lines)


TABLES = {"errors": errors_table, "permissions": permissions_table}


def write_into(text: str) -> str:
    """Return a document with its tables made anew."""
    for name, make in TABLES.items():
        head = _HEAD.format(name)
        pattern = re.compile(re.escape(head) + r".*?" + re.escape(_TAIL), re.DOTALL)
        text = pattern.sub(lambda _, head=head, make=make: f"{head}\n{make()}\n{_TAIL}", text)  # type: ignore[misc]
    return text


def _heirs(error: type[ZeroDistanceError]) -> Iterator[type[ZeroDistanceError]]:
    for heir in error.__subclasses__():
        yield heir
        yield from _heirs(heir)


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(write_into(document.read_text(encoding="utf-8")), encoding="utf-8")
