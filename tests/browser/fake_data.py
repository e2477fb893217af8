"""What the parts of the stand-in API share: its moment, the catalogue, a series, a refusal."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from fastapi.responses import JSONResponse

from services.schemas import (
    Series,
)
from services.tickets.lifecycle import Role
from zerodistance.catalogue.loader import load_catalogue
from zerodistance.settings import Settings

NOW = datetime(2026, 3, 3, 14, 20, tzinfo=UTC)
CATALOGUE = load_catalogue()
SETTINGS = Settings(_env_file=None)
STAFF = (Role.DISPATCHER, Role.ENGINEER)


def ago(**parts: float) -> datetime:
    """Return the moment that far before the fake platform's now."""
    return NOW - timedelta(**parts)


def warm_series(channel: str, title: dict[str, str], unit: str, base: float, rise: float) -> Series:
    """Return eight hours of a sawtooth inside its band that leaves the band at the onset."""
    onset = ago(minutes=60)
    time = [ago(hours=8) + timedelta(minutes=2 * i) for i in range(240)]
    observed: list[float | None] = []
    for index, moment in enumerate(time):
        wave = math.sin(index / 6) * 0.7
        since = max(0.0, (moment - onset).total_seconds() / 3600)
        observed.append(
            None if 95 <= index < 110 else round(base + wave + rise * (1 - math.exp(-2 * since)), 2)
        )
    count = len(time)
    return Series(
        channel=channel,
        title=title,
        unit=unit,
        time=time,
        observed=observed,
        expected=[base] * count,
        low=[base - 1.3] * count,
        high=[base + 1.3] * count,
        onset_at=onset,
    )


def title_of(kind: str, channel: str) -> dict[str, str]:
    return CATALOGUE[kind].channels[channel].title


def problem(status: int, code: str, detail: str) -> JSONResponse:
    document = {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code}
    return JSONResponse(document, status, media_type="application/problem+json")
