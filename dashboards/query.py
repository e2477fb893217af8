"""Queries against the store as Grafana's PostgreSQL plugin takes them.

The SDK carries no schema for that plugin, so its two shapes (a panel's query and an annotation's) are
written here as SDK types: they are built, serialised and read back like the SDK's own.
Field names: Grafana documentation, "PostgreSQL data source", and a dashboard exported from Grafana 11.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, Literal, Self

from grafana_foundation_sdk.cog import builder as cog_builder
from grafana_foundation_sdk.cog import runtime as cog_runtime
from grafana_foundation_sdk.cog import variants as cog_variants
from grafana_foundation_sdk.models import dashboard as model

PLUGIN = "grafana-postgresql-datasource"
# The uid that deploy/grafana provisions; dashboards refer to it, so they need no wiring by hand.
DATASOURCE_UID = "zerodistance"
Format = Literal["table", "time_series"]

# Spacing of Grafana's points, in milliseconds, from which each rollup is fine enough. Below the first
# one the raw table is read: at a thousand points across a panel that is a range of three and a half days.
ROLLUPS: tuple[tuple[str, int], ...] = (("_5m", 300_000), ("_1h", 3_600_000), ("_1d", 86_400_000))

FINEST = "5m"  # smallest spacing for panels that read rollups only


def datasource() -> model.DataSourceRef:
    """Return the reference to the provisioned data source."""
    return model.DataSourceRef(type_val=PLUGIN, uid=DATASOURCE_UID)


class PostgresQuery(cog_variants.Dataquery):
    """One SQL query of a panel.

    Attributes:
        raw_sql: SQL with Grafana's macros and variables.
        format_val: ``time_series`` wants a column called time, in order; ``table`` takes anything.
        ref_id: letter that tells the queries of one panel apart.
    """

    def __init__(self, raw_sql: str, format_val: Format = "table", ref_id: str = "A") -> None:
        self.raw_sql = raw_sql
        self.format_val: Format = format_val
        self.ref_id = ref_id

    def to_json(self) -> dict[str, object]:
        """Return the query as a dashboard's JSON holds it."""
        return {
            "datasource": datasource().to_json(),
            "editorMode": "code",
            "format": self.format_val,
            "rawQuery": True,
            "rawSql": self.raw_sql,
            "refId": self.ref_id,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read a query out of a dashboard's JSON."""
        return cls(data["rawSql"], data["format"], data["refId"])


class Query(cog_builder.Builder[cog_variants.Dataquery]):
    """Builder around :class:`PostgresQuery`, as the SDK's panels want it."""

    def __init__(self, sql: str, format_val: Format = "table", ref_id: str = "A") -> None:
        self._query = PostgresQuery(tidy(sql), format_val, ref_id)

    def build(self) -> cog_variants.Dataquery:
        """Return the query."""
        return self._query


class AnnotationSql(model.AnnotationTarget, cog_builder.Builder[model.AnnotationTarget]):
    """An annotation's query: columns time, timeend, text and tags become marks on every panel."""

    def __init__(self, sql: str) -> None:
        super().__init__()
        self._query = PostgresQuery(tidy(sql), "table", "Anno")

    def build(self) -> model.AnnotationTarget:
        """Return itself: the builder and what it builds are one."""
        return self

    def to_json(self) -> dict[str, object]:
        """Return the target as a dashboard's JSON holds it."""
        return self._query.to_json()


def register() -> None:
    """Make the SDK's reader understand the plugin's queries."""
    cog_runtime.register_dataquery_variant(
        cog_runtime.DataqueryConfig(identifier=PLUGIN, from_json_hook=PostgresQuery.from_json)
    )


def tidy(sql: str) -> str:
    """Return ``sql`` without the indentation that the source code gave it."""
    return textwrap.dedent(sql).strip()


def levels(
    table: str, raw: Sequence[str], rolled: Sequence[str], where: str = "", only_rollups: bool = False
) -> str:
    """Return a derived table that reads ``table`` at the level that fits the panel's resolution.

    Each branch is guarded by a comparison of literals once Grafana has put in ``$__interval_ms``; the
    planner folds it, so the branches that do not apply cost nothing.

    Args:
        table: raw telemetry table; its rollups have the suffixes of :data:`ROLLUPS`.
        raw: select expressions on the raw table; ``time AS bucket`` is put before them.
        rolled: the same columns from a rollup, in the same order.
        where: further condition on columns that raw table and rollups share (device_id).
        only_rollups: start at five minutes, for figures that raw rows cannot give (growth of a counter).
    """
    condition = f" AND {where}" if where else ""
    suffixes = [suffix for suffix, _ in ROLLUPS]
    bounds = [bound for _, bound in ROLLUPS]
    branches = []
    if not only_rollups:
        branches.append(
            f"SELECT {', '.join(['time AS bucket', *raw])}\n"
            f"FROM {table} WHERE $__interval_ms < {bounds[0]} AND $__timeFilter(time){condition}"
        )
    for index, suffix in enumerate(suffixes):
        guards = []
        if index or not only_rollups:
            guards.append(f"$__interval_ms >= {bounds[index]}")
        if index + 1 < len(bounds):
            guards.append(f"$__interval_ms < {bounds[index + 1]}")
        branches.append(
            f"SELECT {', '.join(['bucket', *rolled])}\n"
            f"FROM {table}{suffix} WHERE {' AND '.join([*guards, '$__timeFilter(bucket)'])}{condition}"
        )
    return "\nUNION ALL\n".join(branches)


def growth_of(counter: str) -> str:
    """Return a rollup's column: a counter's growth, the step from the device's bucket before included.

    From one pass over the buckets that the panel shows, where the view's ``_delta`` looks the reading before
    each bucket up; the step into the first bucket of the range is left out.
    """
    lag = f"lag({counter}_last) OVER (PARTITION BY device_id, ({counter}_first IS NULL) ORDER BY bucket)"
    return f"{counter}_growth + coalesce(counter_step({lag}, {counter}_first), 0)"
