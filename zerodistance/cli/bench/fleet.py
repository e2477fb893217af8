"""The fleet that a benchmark publishes: which devices, what they say, and what must be stored of it.

Refrigerators that run through a compressor cycle; every reading is a multiple of 1/64, so that sums in
single and double precision are exact, and SQL can be compared with what the publisher wrote down.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from zerodistance.store.database import Connection

TYPE = "refrigerator"
CHANNELS = (
    "energy",
    "fresh_food_temperature",
    "freezer_temperature",
    "evaporator_temperature",
    "ambient_temperature",
    "humidity",
    "power",
    "air_quality",
)
# Samples of one compressor cycle: 40 minutes at one sample in 10 s.
PHASES = 240
# A device says other phases than its neighbours.
_STRIDE = 7
# kWh between two samples: 80 W over 10 s are 1/4500; a multiple of 1/64 is coarser and does as well.
ENERGY_STEP = 1 / 64
# Raised by devices in turn, to see how soon a finding follows. No owner can put it right: it counts at once.
FAULT_CODE = "Er FS"


def device_id(prefix: str, number: int) -> str:
    """Return the id of a device.

    >>> device_id("bench1", 7)
    'bench1-0000007'
    """
    return f"{prefix}-{number:07}"


def register(conn: Connection, prefix: str, devices: int) -> None:
    """Register the fleet in one statement."""
    conn.execute(
        sql.SQL(
            "INSERT INTO device (id, tenant_id, type) SELECT {} || '-' || lpad(n::text, 7, '0'), 1, {}"
            " FROM generate_series(0, {}) AS n"
        ).format(sql.Literal(prefix), sql.Literal(TYPE), sql.Literal(devices - 1))
    )


def readings() -> NDArray[np.float64]:
    """Return (PHASES, 7) readings of the channels after ``energy``, over one cycle."""
    phase = np.arange(PHASES) / PHASES
    running = phase < 0.4
    wave = np.sin(2 * math.pi * phase)
    columns = [
        4 + 0.75 * wave,
        -18 + wave,
        np.where(running, -26, -14) + wave,
        21 + 0.5 * np.sin(4 * math.pi * phase),
        45 + 4 * wave,
        np.where(running, 90, 2) + 2 * wave,
        20 + 2 * wave,
    ]
    return np.round(np.stack(columns, axis=1) * 64) / 64


def tails() -> list[bytes]:
    """Return, for each phase, the end of the JSON payload: the readings after ``energy``."""
    names = [f'"{name}":' for name in CHANNELS[1:]]
    rows = [",".join(map(str.__add__, names, map(repr, row))) for row in readings().tolist()]
    return [f"{row}}}}}".encode() for row in rows]


def phase_of(device: int, round_number: int) -> int:
    """Return which phase a device says in a round."""
    return (device * _STRIDE + round_number) % PHASES


def expected_sums(devices: int, messages: int) -> tuple[float, float]:
    """Return the sums of ``energy`` and of ``freezer_temperature`` over the first ``messages`` messages.

    Message g is of device g modulo ``devices``, in round g // ``devices``.
    """
    number = np.arange(messages, dtype=np.int64)
    rounds, device = number // devices, number % devices
    energy = ENERGY_STEP * rounds.sum(dtype=np.float64)
    freezer = readings()[:, 1][(device * _STRIDE + rounds) % PHASES].sum()
    return float(energy), float(freezer)
