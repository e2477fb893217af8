"""The series behind a ticket: what was observed, aligned with the band in which it was expected.

The observed series come from the store's history, the band from the table ``expected_band`` that the
diagnosis writes. Nothing here looks into telemetry messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.schemas import Series
from services.titles import Titles
from zerodistance.catalogue.model import ApplianceType
from zerodistance.store.database import Connection
from zerodistance.store.history import read_series as read_history

BEFORE_ONSET = timedelta(hours=6)
AFTER_END = timedelta(hours=1)
MAX_POINTS = 600
# The band is known at points; a gap longer than this, in band steps, is a gap and not a straight line.
_GAP_STEPS = 3.0
_Floats = NDArray[np.float64]


def align(times: Sequence[datetime], band: Sequence[tuple[datetime, float, float, float]]) -> list[_Floats]:
    """Return expected, low and high at ``times``, linearly between the points of the band.

    Args:
        times: of the observed series, ascending.
        band: (time, expected, low, high), ascending in time; gaps allowed.

    Returns:
        Three arrays of shape (len(times),), NaN outside the band and inside its gaps.

    >>> from datetime import UTC
    >>> t = [datetime(2026, 1, 1, h, tzinfo=UTC) for h in range(4)]
    >>> align(t, [(t[0], 4.0, 3.0, 5.0), (t[2], 6.0, 5.0, 7.0)])[0].tolist()
    [4.0, 5.0, 6.0, nan]
    """
    at = np.array([moment.timestamp() for moment in times], dtype=np.float64)
    empty = [np.full(at.shape, np.nan) for _ in range(3)]
    if not band or not at.size:
        return empty
    points = np.array([row[0].timestamp() for row in band], dtype=np.float64)
    values = np.array([row[1:4] for row in band], dtype=np.float64)
    right = np.clip(np.searchsorted(points, at, side="left"), 0, len(points) - 1)
    left = np.clip(np.searchsorted(points, at, side="right") - 1, 0, len(points) - 1)
    longest = _GAP_STEPS * float(np.median(np.diff(points))) if len(points) > 1 else 0.0
    known = (at >= points[0]) & (at <= points[-1]) & (points[right] - points[left] <= longest)
    return [np.where(known, np.interp(at, points, values[:, n]), np.nan) for n in range(3)]


def read_series(
    conn: Connection,
    titles: Titles,
    appliance: ApplianceType,
    device_id: str,
    channels: Sequence[str],
    since: datetime,
    until: datetime,
    *,
    onset_at: datetime | None = None,
    max_points: int = MAX_POINTS,
) -> list[Series]:
    """Return one series for each of ``channels``, with the band where it is known.

    Args:
        conn: read only.
        titles: names for people.
        appliance: of the device.
        device_id: the device.
        channels: of the appliance type.
        since: begin of the window.
        until: end of the window.
        onset_at: of the incident, marked on the plot.
        max_points: at most so many points; more are put together.
    """
    rows: Sequence[tuple[Any, ...]] = read_history(
        conn, appliance, device_id, list(channels), since, until, max_points
    )
    times = [row[0] for row in rows]
    bands = _bands(conn, device_id, channels, since, until)
    found = []
    for number, channel in enumerate(channels):
        expected, low, high = align(times, bands.get(channel, []))
        found.append(
            Series(
                channel=channel,
                title=titles.channel(appliance.type, channel),
                unit=titles.unit(appliance.type, channel),
                time=times,
                observed=[_plain(row[1 + 3 * number]) for row in rows],
                expected=_list(expected),
                low=_list(low),
                high=_list(high),
                onset_at=onset_at,
            )
        )
    return found


def _bands(
    conn: Connection, device_id: str, channels: Sequence[str], since: datetime, until: datetime
) -> dict[str, list[tuple[datetime, float, float, float]]]:
    rows = conn.execute(
        "SELECT channel, time, expected, low, high FROM expected_band WHERE device_id = %s"
        " AND channel = ANY(%s) AND time BETWEEN %s AND %s ORDER BY channel, time",
        (device_id, list(channels), since, until),
    ).fetchall()
    bands: dict[str, list[tuple[datetime, float, float, float]]] = {}
    for channel, *point in rows:
        bands.setdefault(channel, []).append((point[0], point[1], point[2], point[3]))
    return bands


def _list(values: _Floats) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def _plain(value: Any) -> float | None:
    return None if value is None else float(value)
