"""A dashboard under construction: places panels on Grafana's grid and numbers them."""

from __future__ import annotations

import hashlib
import json
from typing import Any, cast

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from dashboards.panels import Panel
from dashboards.query import AnnotationSql, datasource, register

WIDTH = 24  # columns of Grafana's grid
TAG = "zero-distance"
_UID_LENGTH = 40  # Grafana refuses longer uids


def uid_of(name: str) -> str:
    """Return the uid of the dashboard called ``name``: stable, and short enough for Grafana.

    >>> uid_of("fleet")
    'zd-fleet'
    """
    uid = f"zd-{name}".replace("_", "-")
    if len(uid) <= _UID_LENGTH:
        return uid
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{uid[: _UID_LENGTH - 9]}-{digest}"


class Board:
    """Collects rows and panels, left to right and top to bottom.

    Args:
        name: short name, part of the uid.
        title: what people see.
        description: one sentence.
        since: start of the default time range, as ``now-24h``.
    """

    def __init__(self, name: str, title: str, description: str, *, since: str) -> None:
        register()
        self._builder = (
            build.Dashboard(title)
            .uid(uid_of(name))
            .description(description)
            .tags([TAG])
            .timezone("browser")
            .time(since, "now")
            .refresh("1m")
            .readonly()
            .tooltip(model.DashboardCursorSync.CROSSHAIR)
        )
        self._builder.link(
            build.DashboardLink("Zero Distance")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .keep_time(True)
        )
        self._next_id = 1
        self._x = self._y = self._row_height = 0

    def row(self, title: str) -> None:
        """Start a titled section below everything placed so far."""
        self._break()
        place = model.GridPos(x=0, y=self._y, w=WIDTH, h=1)
        self._builder.with_row(build.Row(title).id(self._take_id()).grid_pos(place))
        self._y += 1

    def add(self, panel: Panel, width: int, height: int, description: str = "") -> None:
        """Place ``panel``; one that does not fit beside the last goes below."""
        if self._x + width > WIDTH:
            self._break()
        panel.id(self._take_id()).grid_pos(model.GridPos(x=self._x, y=self._y, w=width, h=height))
        if description:
            panel.description(description)
        self._builder.with_panel(panel)
        self._x += width
        self._row_height = max(self._row_height, height)

    def variable(self, variable: build.QueryVariable) -> None:
        """Add a template variable; they appear in the order added."""
        self._builder.with_variable(variable)

    def annotate(self, name: str, sql: str, color: str) -> None:
        """Mark what ``sql`` finds on every panel that has a time axis."""
        self._builder.annotation(
            build.AnnotationQuery()
            .name(name)
            .enable(True)
            .hide(False)
            .icon_color(color)
            .datasource(datasource())
            .target(AnnotationSql(sql))
        )

    def document(self) -> dict[str, Any]:
        """Return the finished dashboard as plain JSON values."""
        text = json.dumps(self._builder.build(), cls=JSONEncoder, sort_keys=True)
        return cast(dict[str, Any], json.loads(text))

    def _take_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _break(self) -> None:
        self._y += self._row_height
        self._x = self._row_height = 0
