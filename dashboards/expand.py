"""What Grafana does with a query before PostgreSQL sees it: for benchmarks and tests.

Follows Grafana's PostgreSQL plugin: macros are ``$name(arguments)`` where the arguments hold no closing
parenthesis; ``$__interval`` and ``$__interval_ms`` are put in before the macros are read. Variables in the
format ``sqlstring`` become quoted, escaped values joined by commas. Sources: Grafana documentation,
"PostgreSQL data source, macros" and "Variable syntax"; pkg/tsdb/grafana-postgresql-datasource.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

_MACRO = re.compile(r"\$([_a-zA-Z0-9]+)\(([^)]*)\)")
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True)
class Request:
    """One evaluation of a panel.

    Attributes:
        interval: spacing of points as Grafana writes it, for example ``10m``.
        variables: selected values by variable.
        timescale: the data source's switch.
    """

    since: datetime
    until: datetime
    interval: str
    variables: Mapping[str, Sequence[str]] = field(default_factory=dict)
    timescale: bool = False


def expand(sql: str, request: Request) -> str:
    """Return the SQL that reaches the server.

    Raises:
        ValueError: for a macro or variable that Grafana would not know either.
    """
    sql = _put_variables(sql, request)
    return _MACRO.sub(lambda match: _macro(match, request), sql)


def seconds(interval: str) -> int:
    """Return the length of an interval such as ``10m``."""
    return int(interval[:-1]) * _SECONDS[interval[-1]]


def _put_variables(sql: str, request: Request) -> str:
    def put(match: re.Match[str]) -> str:
        name, form, bare = match[1], match[2], match[3]
        if bare == "__interval_ms":
            return str(seconds(request.interval) * 1000)
        if bare == "__interval":
            return request.interval
        if bare == "__searchFilter":
            return "'%'"
        if bare is not None and match.string[match.end() : match.end() + 1] == "(":
            return match[0]  # a macro
        if name not in request.variables:
            raise ValueError(f"no variable for {match[0]}")
        if form != "sqlstring":
            raise ValueError(f"{match[0]} reaches the SQL without being quoted")
        return ",".join("'" + value.replace("'", "''") + "'" for value in request.variables[name])

    return _VARIABLE.sub(put, sql)


def _macro(match: re.Match[str], request: Request) -> str:
    name, arguments = match[1], [argument.strip() for argument in match[2].split(",")]
    if name == "__timeFilter" and arguments[0]:
        return f"{arguments[0]} BETWEEN {_moment(request.since)} AND {_moment(request.until)}"
    if name == "__timeFrom":
        return _moment(request.since)
    if name == "__timeTo":
        return _moment(request.until)
    if name in {"__timeGroup", "__timeGroupAlias"} and len(arguments) == 2:
        length = seconds(arguments[1].strip("'"))
        grouped = (
            f"time_bucket('{length:.3f}s',{arguments[0]})"
            if request.timescale
            else f"floor(extract(epoch from {arguments[0]})/{length})*{length}"
        )
        return f'{grouped} AS "time"' if name == "__timeGroupAlias" else grouped
    raise ValueError(f"Grafana does not know {match[0]}")


def _moment(moment: datetime) -> str:
    return f"'{moment.astimezone(UTC).isoformat().replace('+00:00', 'Z')}'"
