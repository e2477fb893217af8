"""Panels in the house style: one function for each kind, all options in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from grafana_foundation_sdk.builders import bargauge, common, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model

from dashboards.query import Query, datasource

Panel: TypeAlias = stat.Panel | timeseries.Panel | table.Panel | bargauge.Panel
Steps: TypeAlias = Sequence[tuple[float | None, str]]

GOOD, WARN, BAD, CALM = "green", "orange", "red", "blue"
# Grafana's unit ids for the units of the catalogue (Grafana, packages/grafana-data value formats).
_UNITS = {
    "": "none",
    "°C": "celsius",
    "°F": "fahrenheit",
    "K": "kelvin",
    "%": "percent",
    "W": "watt",
    "kW": "kwatt",
    "Wh": "watth",
    "kWh": "kwatth",
    "V": "volt",
    "A": "amp",
    "Hz": "hertz",
    "ppm": "ppm",
    "µg/m³": "conμgm3",
    "mg/m³": "conmgm3",
    "Pa": "pressurepa",
    "hPa": "pressurehpa",
    "kPa": "pressurekpa",
    "bar": "pressurebar",
    "L": "litre",
    "L/min": "flowlpm",
    "m³": "m3",
    "g": "massg",
    "kg": "masskg",
    "mm": "lengthmm",
    "m": "lengthm",
    "km": "lengthkm",
    "s": "s",
    "min": "m",
    "h": "h",
    "d": "d",
    "rpm": "rotrpm",
    "dB": "dB",
    "lx": "lux",
}


def unit_id(unit: str) -> str:
    """Return Grafana's id for a unit of the catalogue; an unknown one is shown as it is written.

    >>> unit_id("°C"), unit_id("drops")
    ('celsius', 'suffix: drops')
    """
    return _UNITS.get(unit, f"suffix: {unit}")


def thresholds(steps: Steps) -> build.ThresholdsConfig:
    """Return absolute thresholds; the first step has the value None (from minus infinity)."""
    return (
        build.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value=value, color=color) for value, color in steps])
    )


def normal_range(normal: tuple[float, float] | None) -> Steps:
    """Return threshold steps that mark what lies outside a channel's normal range."""
    if normal is None:
        return [(None, "transparent")]
    low, high = normal
    return [(None, WARN), (low, "transparent"), (high, WARN)]


def stat_panel(
    title: str, sql: str, *, unit: str = "short", steps: Steps = ((None, CALM),), decimals: int | None = None
) -> stat.Panel:
    """Return one big number."""
    panel = (
        stat.Panel()
        .title(title)
        .datasource(datasource())
        .with_target(Query(sql))
        .unit(unit)
        .thresholds(thresholds(steps))
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .graph_mode(common_model.BigValueGraphMode.NONE)
        .color_mode(common_model.BigValueColorMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .no_value("–")
    )
    return panel if decimals is None else panel.decimals(decimals)


def series_panel(
    title: str,
    queries: Sequence[str],
    *,
    unit: str = "short",
    bars: bool = False,
    stacked: bool = False,
    step: bool = False,
    steps: Steps | None = None,
    low: float | None = None,
    high: float | None = None,
) -> timeseries.Panel:
    """Return lines, bars or steps over time; each query gives its own series."""
    panel = (
        timeseries.Panel()
        .title(title)
        .datasource(datasource())
        .targets([Query(sql, "time_series", chr(ord("A") + i)) for i, sql in enumerate(queries)])
        .unit(unit)
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .line_width(1)
        .show_points(common_model.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(common_model.LegendDisplayMode.LIST)
            .placement(common_model.LegendPlacement.BOTTOM)
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_model.TooltipDisplayMode.MULTI)
            .sort(common_model.SortOrder.NONE)
        )
    )
    if bars:
        panel.draw_style(common_model.GraphDrawStyle.BARS).fill_opacity(60)
    if step:
        panel.line_interpolation(common_model.LineInterpolation.STEP_AFTER).fill_opacity(25)
    if stacked:
        panel.stacking(common.StackingConfig().group("A").mode(common_model.StackingMode.NORMAL))
    if steps is not None:
        panel.thresholds(thresholds(steps)).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(common_model.GraphThresholdsStyleMode.DASHED_AND_AREA)
        )
    if low is not None:
        panel.min(low)
    if high is not None:
        panel.max(high)
    return panel


def table_panel(title: str, sql: str) -> table.Panel:
    """Return rows and columns as the query gives them."""
    return (
        table.Panel()
        .title(title)
        .datasource(datasource())
        .with_target(Query(sql))
        .filterable(True)
        .show_header(True)
        .cell_height(common_model.TableCellHeight.SM)
    )


def bars_panel(title: str, sql: str, *, unit: str = "short") -> bargauge.Panel:
    """Return one horizontal bar for each row; the query's columns are a text and a number."""
    return (
        bargauge.Panel()
        .title(title)
        .datasource(datasource())
        .with_target(Query(sql))
        .unit(unit)
        .min(0)
        .thresholds(thresholds([(None, CALM)]))
        .display_mode(common_model.BarGaugeDisplayMode.BASIC)
        .orientation(common_model.VizOrientation.HORIZONTAL)
        .reduce_options(common.ReduceDataOptions().values(True).calcs(["lastNotNull"]))
        .no_value("–")
    )


def hide_column(panel: table.Panel, name: str) -> table.Panel:
    """Keep a column for links but do not show it."""
    return panel.override_by_name(name, [model.DynamicConfigValue(id_val="custom.hidden", value=True)])


def column_unit(panel: table.Panel, name: str, unit: str) -> table.Panel:
    """Show a column in a unit of its own."""
    return panel.override_by_name(name, [model.DynamicConfigValue(id_val="unit", value=unit)])


def link_column(panel: table.Panel, name: str, title: str, url: str) -> table.Panel:
    """Make the cells of a column links."""
    links = [{"title": title, "url": url}]
    return panel.override_by_name(name, [model.DynamicConfigValue(id_val="links", value=links)])
