"""A series as SVG: the band in which a healthy appliance is expected, what was observed, the onset.

Pure: a :class:`services.schemas.Series` in, text out. Colours are classes of the stylesheet, so that
dark mode needs no second drawing. Every text that comes from outside is escaped here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import pairwise
from zoneinfo import ZoneInfo

from markupsafe import Markup

from services.console.scales import decimals, time_ticks, value_ticks
from services.console.words import ENGLISH, Words
from services.schemas import Series

_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 14.0, 20.0, 26.0
# A pause longer than this many usual steps is a gap in the data, not a straight line.
_GAP_STEPS = 3.5


@dataclass(frozen=True, slots=True)
class _Plane:
    """Maps (seconds, value) to pixels."""

    t0: float
    t1: float
    v0: float
    v1: float
    x0: float
    x1: float
    y0: float
    y1: float

    def x(self, t: float) -> float:
        return self.x0 + (t - self.t0) / (self.t1 - self.t0) * (self.x1 - self.x0)

    def y(self, v: float) -> float:
        return self.y1 - (v - self.v0) / (self.v1 - self.v0) * (self.y1 - self.y0)

    def points(self, run: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{self.x(t):.2f},{self.y(v):.2f}" for t, v in run)


def chart(
    series: Series,
    *,
    zone: ZoneInfo,
    width: int = 760,
    height: int = 248,
    words: Words = ENGLISH,
    ident: str = "",
) -> Markup:
    """Return a chart of ``width`` × ``height`` pixels.

    Args:
        series: times ascending; all lists as long as ``time`` (or empty).
        zone: in which the time axis speaks.
        width: of the drawing in pixels; it scales down with its container.
        height: likewise.
        words: in which it speaks.
        ident: makes the ids of title and description unique in the page.

    Returns:
        One ``<svg>`` element. An empty series gives a drawing that says so.
    """
    title = words.say(series.title) or series.channel
    ident = ident or f"chart-{series.channel}"
    observed = _pairs(series.time, series.observed)
    plane = _plane(series, float(width), float(height))
    head = (
        f'<svg class="chart" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-labelledby="{escape(ident)}-t {escape(ident)}-d"'
    )
    if plane is None:
        text = f'<text class="chart-empty" x="{width / 2}" y="{height / 2}" text-anchor="middle">'
        return Markup(
            f'{head}><title id="{escape(ident)}-t">{escape(title)}</title>'
            f'<desc id="{escape(ident)}-d">{escape(words("chart.no_data"))}</desc>'
            f"{text}{escape(words('chart.no_readings'))}</text></svg>"
        )
    step = _is_switch(series.observed)
    parts = [
        f'{head} data-plane="{plane.t0:.0f} {plane.t1:.0f} {plane.v0:.6g} {plane.v1:.6g} {plane.x0:.1f} '
        f'{plane.x1:.1f} {plane.y0:.1f} {plane.y1:.1f}" data-unit="{escape(series.unit)}">',
        f'<title id="{escape(ident)}-t">{escape(title)}</title>',
        f'<desc id="{escape(ident)}-d">{escape(describe(series, zone, words))}</desc>',
    ]
    for run in _band_runs(series):
        upper = plane.points([(t, high) for t, _, high in run])
        lower = plane.points([(t, low) for t, low, _ in reversed(run)])
        parts.append(f'<polygon class="chart-band" points="{upper} {lower}"/>')
    parts.extend(_axes(plane, series.unit, zone, width, step, words))
    gap = _usual_step(series.time)
    for line in _runs(_pairs(series.time, series.expected), gap):
        parts.append(f'<polyline class="chart-expected" points="{plane.points(line)}"/>')
    for line in _runs(observed, gap):
        parts.append(_line("chart-observed", plane, _steps(line) if step else line))
    for line in _outside_runs(series, gap):
        parts.append(_line("chart-outside", plane, line))
    if series.onset_at is not None:
        parts.extend(_onset(plane, series.onset_at, zone, words))
    parts.append("</svg>")
    return Markup("".join(parts))


def sparkline(series: Series, *, width: int = 168, height: int = 40) -> Markup:
    """Return a small line without axes, hidden from screen readers (the figures stand beside it)."""
    observed = _pairs(series.time, series.observed)
    head = f'<svg class="spark" viewBox="0 0 {width} {height}" aria-hidden="true" preserveAspectRatio="none">'
    if len(observed) < 2:
        return Markup(f"{head}</svg>")
    values = [v for _, v in observed]
    low, high = min(values), max(values)
    pad = (high - low) * 0.1 or 0.5
    plane = _Plane(observed[0][0], observed[-1][0], low - pad, high + pad, 1, width - 1, 2, height - 2)
    lines = _runs(observed, _usual_step(series.time))
    step = _is_switch(series.observed)
    drawn = "".join(_line("spark-line", plane, _steps(run) if step else run) for run in lines)
    return Markup(f"{head}{drawn}</svg>")


def describe(series: Series, zone: ZoneInfo, words: Words = ENGLISH) -> str:
    """Say in a sentence what the chart shows, for those who do not see it."""
    observed = [v for v in series.observed if v is not None]
    if not observed:
        return words("chart.no_data")
    unit = f" {series.unit}" if series.unit else ""

    def at(moment: datetime) -> str:
        here = moment.astimezone(zone)
        return f"{words.date(here)} {here:%H:%M}"

    text = words(
        "chart.observed",
        start=at(series.time[0]),
        end=at(series.time[-1]),
        low=f"{min(observed):.4g}",
        high=f"{max(observed):.4g}{unit}",
        last=f"{observed[-1]:.4g}{unit}",
    )
    lows = [v for v in series.low if v is not None]
    highs = [v for v in series.high if v is not None]
    if lows and highs:
        outside = sum(1 for _ in _outside(series))
        text += words("chart.expected", low=f"{lows[-1]:.4g}", high=f"{highs[-1]:.4g}{unit}")
        text += words("chart.outside", n=outside, total=len(observed))
    if series.onset_at is not None:
        text += words("chart.began", at=at(series.onset_at))
    return text


def _pairs(times: Sequence[datetime], values: Sequence[float | None]) -> list[tuple[float, float]]:
    return [(t.timestamp(), v) for t, v in zip(times, values, strict=False) if v is not None]


def _plane(series: Series, width: float, height: float) -> _Plane | None:
    values = [
        v
        for part in (series.observed, series.low, series.high, series.expected)
        for v in part
        if v is not None
    ]
    if not any(v is not None for v in series.observed) or len(series.time) < 2:
        return None
    low, high = min(values), max(values)
    pad = (high - low) * 0.08 or max(abs(high) * 0.05, 0.5)
    t0, t1 = series.time[0].timestamp(), series.time[-1].timestamp()
    if t1 <= t0:
        return None
    return _Plane(t0, t1, low - pad, high + pad, _LEFT, width - _RIGHT, _TOP, height - _BOTTOM)


def _axes(plane: _Plane, unit: str, zone: ZoneInfo, width: int, step: bool, words: Words) -> Iterator[str]:
    ticks = [0.0, 1.0] if step else value_ticks(plane.v0, plane.v1)
    places = decimals(ticks)
    for value in ticks:
        y = plane.y(value)
        yield f'<line class="chart-grid" x1="{plane.x0}" x2="{plane.x1}" y1="{y:.1f}" y2="{y:.1f}"/>'
        label = f"{value:.{places}f}".replace("-", "−")
        yield f'<text class="chart-tick" x="{plane.x0 - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    if unit:
        yield f'<text class="chart-unit" x="{plane.x0 - 8}" y="11" text-anchor="end">{escape(unit)}</text>'
    start = datetime.fromtimestamp(plane.t0, tz=zone)
    end = datetime.fromtimestamp(plane.t1, tz=zone)
    for tick in time_ticks(start, end, zone, max(2, width // 120), words):
        x = plane.x(tick.at.timestamp())
        if not plane.x0 - 1 <= x <= plane.x1 - 8:
            continue  # a label at the very edge would be cut off
        strong = " strong" if tick.strong else ""
        where = f'x1="{x:.1f}" x2="{x:.1f}" y1="{plane.y1}" y2="{plane.y1 + 4}"'
        yield f'<line class="chart-mark{strong}" {where}/>'
        where = f'x="{x:.1f}" y="{plane.y1 + 18}" text-anchor="middle"'
        yield f'<text class="chart-tick{strong}" {where}>{escape(tick.label)}</text>'


def _onset(plane: _Plane, moment: datetime, zone: ZoneInfo, words: Words) -> Iterator[str]:
    t = moment.timestamp()
    if not plane.t0 <= t <= plane.t1:
        return
    x = plane.x(t)
    right = x < (plane.x0 + plane.x1) / 2
    yield f'<line class="chart-onset" x1="{x:.1f}" x2="{x:.1f}" y1="{plane.y0 - 6}" y2="{plane.y1}"/>'
    yield f'<circle class="chart-onset-dot" cx="{x:.1f}" cy="{plane.y0 - 6}" r="3"/>'
    yield (
        f'<text class="chart-onset-text" x="{x + (8 if right else -8):.1f}" y="{plane.y0 - 2}" '
        f'text-anchor="{"start" if right else "end"}">'
        f"{escape(words('chart.onset', clock=f'{moment.astimezone(zone):%H:%M}'))}</text>"
    )


def _line(kind: str, plane: _Plane, run: Sequence[tuple[float, float]]) -> str:
    if len(run) == 1:
        (t, v) = run[0]
        return f'<circle class="{kind}-dot" cx="{plane.x(t):.2f}" cy="{plane.y(v):.2f}" r="1.6"/>'
    return f'<polyline class="{kind}" points="{plane.points(run)}"/>'


def _usual_step(times: Sequence[datetime]) -> float:
    """Return the longest pause, in seconds, that is still drawn as a line."""
    if len(times) < 2:
        return float("inf")
    steps = sorted((b - a).total_seconds() for a, b in pairwise(times))
    return max(steps[len(steps) // 2] * _GAP_STEPS, 1.0)


def _runs(pairs: Sequence[tuple[float, float]], gap: float) -> Iterator[list[tuple[float, float]]]:
    run: list[tuple[float, float]] = []
    for pair in pairs:
        if run and pair[0] - run[-1][0] > gap:
            yield run
            run = []
        run.append(pair)
    if run:
        yield run


def _steps(run: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Turn a line into stairs: a switch jumps, it does not slide."""
    stairs = [run[0]]
    for t, v in run[1:]:
        stairs += [(t, stairs[-1][1]), (t, v)]
    return stairs


def _is_switch(values: Sequence[float | None]) -> bool:
    return {v for v in values if v is not None} <= {0.0, 1.0}


def _band_runs(series: Series) -> Iterator[list[tuple[float, float, float]]]:
    run: list[tuple[float, float, float]] = []
    for t, low, high in zip(series.time, series.low, series.high, strict=False):
        if low is None or high is None:
            if len(run) > 1:
                yield run
            run = []
        else:
            run.append((t.timestamp(), low, high))
    if len(run) > 1:
        yield run


def _outside(series: Series) -> Iterator[tuple[float, float]]:
    for t, v, low, high in zip(series.time, series.observed, series.low, series.high, strict=False):
        if v is not None and low is not None and high is not None and not low <= v <= high:
            yield t.timestamp(), v


def _outside_runs(series: Series, gap: float) -> Iterator[list[tuple[float, float]]]:
    """Yield the stretches of the observed line that lie outside the band."""
    run: list[tuple[float, float]] = []
    outside = set(_outside(series))
    for pair in _pairs(series.time, series.observed):
        if pair not in outside or (run and pair[0] - run[-1][0] > gap):
            if run:
                yield run
            run = []
        if pair in outside:
            run.append(pair)
    if run:
        yield run
