"""Recorded series in CSV files: read, converted, shifted to the present."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from simulators.units import converter
from zerodistance.catalogue import ApplianceType
from zerodistance.errors import SettingsError

_WEEK = timedelta(weeks=1)


class Row(NamedTuple):
    """One instant of the series, UTC, with its readings in the catalogue's units."""

    time: datetime
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which column is which channel, and in what unit it was recorded ("": the catalogue's)."""

    column: str
    channel: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """A series in order of time, and how many rows of the file could not be used."""

    rows: list[Row]
    skipped: int


def parse_mappings(channels: Sequence[str], units: Sequence[str], appliance: ApplianceType) -> list[Mapping]:
    """Read ``COLUMN=CHANNEL`` texts with one unit for all, one each, or none.

    Raises:
        SettingsError: naming what is wrong.
    """
    if not channels:
        raise SettingsError(
            "Say which column is which channel, for example --channel value=room_temperature."
        )
    if len(units) not in (0, 1, len(channels)):
        raise SettingsError(
            f"There are {len(channels)} --channel and {len(units)} --unit: give one, or one each."
        )
    each = list(units) * len(channels) if len(units) == 1 else list(units) or [""] * len(channels)
    mappings = []
    for text, unit in zip(channels, each, strict=True):
        column, separator, channel = text.partition("=")
        if not separator or not column:
            raise SettingsError(f"--channel {text!r} is not COLUMN=CHANNEL.")
        if channel not in appliance.channels:
            raise SettingsError(
                f"A {appliance.type} has no channel {channel!r}: choose of {', '.join(appliance.channels)}."
            )
        converter(unit, appliance.channels[channel].unit)
        mappings.append(Mapping(column, channel, unit))
    return mappings


def read_recording(
    path: Path,
    mappings: Sequence[Mapping],
    appliance: ApplianceType,
    *,
    time_column: str = "timestamp",
    period_s: float | None = None,
) -> Recording:
    """Read a CSV file with a header line; times without a zone are UTC.

    Args:
        path: the file.
        mappings: columns to take.
        appliance: for the units.
        time_column: RFC 3339 or ``YYYY-MM-DD HH:MM:SS`` text, or epoch seconds or milliseconds.
        period_s: take one row a period at most: rows nearer than half of it to the row before are left out.

    Raises:
        SettingsError: the file or a column is not there, or no row can be used.
    """
    scales = {m.column: (m.channel, *converter(m.unit, appliance.channels[m.channel].unit)) for m in mappings}
    found: dict[datetime, dict[str, float]] = {}
    skipped = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = {time_column, *scales} - set(reader.fieldnames or ())
            if missing:
                raise SettingsError(
                    f"{path} has no column {sorted(missing)[0]!r}: "
                    f"it has {', '.join(reader.fieldnames or ())}."
                )
            for record in reader:
                moment = _moment(record[time_column])
                values = {
                    channel: value * factor + offset
                    for column, (channel, factor, offset) in scales.items()
                    if (value := _number(record[column])) is not None
                }
                if moment is None or not values:
                    skipped += 1
                else:
                    found[moment] = values
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from error
    rows: list[Row] = []
    for moment in sorted(found):
        if period_s and rows and (moment - rows[-1].time).total_seconds() < period_s / 2:
            skipped += 1
        else:
            rows.append(Row(moment, found[moment]))
    if not rows:
        raise SettingsError(f"{path} has no row with a time and a number: check --time and --channel.")
    return Recording(rows, skipped)


def shift_to(rows: Sequence[Row], now: datetime) -> list[Row]:
    """Move the series by whole weeks, so that its last row lies before ``now`` by less than a week.

    Hours of the day and days of the week stay what they were.
    """
    weeks = math.floor((now - rows[-1].time) / _WEEK)
    return [Row(row.time + weeks * _WEEK, row.values) for row in rows]


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        number = _number(text)
        if number is None:
            return None
        try:
            return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
        except (ValueError, OverflowError, OSError):
            return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None
