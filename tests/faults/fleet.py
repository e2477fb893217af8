"""The devices of the fault tests: what each sends, what must be stored of it, and how SQL tells.

Everything about a message follows from device, boot and number, so that the publisher need not remember
what it said. Readings are quarters of small whole numbers: every column type holds them exactly, so the
database and the test compute the same check-sum from them.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from zerodistance.store.devices import register_device

TYPE = "refrigerator"
CHANNELS = ("fresh_food_temperature", "freezer_temperature", "power", "energy")
BOOTS = 2
# One sample in so many has a clock in the year 2100: it ends as one dead letter, and its number is settled.
REFUSED_EVERY = 997


class Row(NamedTuple):
    """One sample as it must stand in the database; ``quarters``: its readings times four."""

    device: str
    time: datetime
    boot: int | None
    seq: int | None
    quarters: tuple[int, ...]


class Fleet:
    """``devices`` that count, ``silent`` ones that do not, and gateways with ``children`` each.

    Args:
        devices: appliances with a connection of their own that keep samples until the receipt.
        messages: of each of them, over both boots.
        silent: appliances without boot and seq; they keep a message until the broker has acknowledged it.
        gateways: each speaks for ``children`` appliances, whose samples share its messages.
    """

    def __init__(
        self, devices: int, messages: int, *, silent: int = 0, gateways: int = 0, children: int = 5
    ) -> None:
        self.messages = messages
        self.devices = [f"dev-{number:03}" for number in range(devices)]
        self.silent = [f"mute-{number:02}" for number in range(silent)]
        self._mute = frozenset(self.silent)
        self.gateways = {
            f"hub-{number}": [f"kid-{number}-{child}" for child in range(children)]
            for number in range(gateways)
        }
        self._start = datetime.now(UTC).replace(microsecond=0, second=0) - timedelta(minutes=messages + 5)

    @property
    def counting(self) -> list[str]:
        """All that number their samples, children included."""
        return [*self.devices, *(child for children in self.gateways.values() for child in children)]

    def register(self, database: str) -> None:
        """Enter them into the database."""
        with psycopg.connect(database) as connection:
            for device in [*self.devices, *self.silent]:
                register_device(connection, device, TYPE)
            for gateway, children in self.gateways.items():
                register_device(connection, gateway, "gateway")
                for child in children:
                    register_device(connection, child, TYPE, gateway_id=gateway)

    def numbers(self) -> Iterator[tuple[int, int]]:
        """Yield (boot, seq) of a counting device's samples, in order."""
        half = self.messages // BOOTS
        for place in range(self.messages):
            boot = min(place // half, BOOTS - 1)
            yield boot + 1, place - boot * half + 1

    def last(self, boot: int) -> int:
        """Return the highest seq of a boot."""
        half = self.messages // BOOTS
        return half if boot < BOOTS else self.messages - half * (BOOTS - 1)

    def place(self, boot: int, seq: int) -> int:
        """Return which message of the device it is, from 0."""
        return (boot - 1) * (self.messages // BOOTS) + seq - 1

    def is_refused(self, device: str, place: int) -> bool:
        """Whether this sample has an impossible clock."""
        return device not in self._mute and (place + _salt(device)) % REFUSED_EVERY == 0

    def payload(self, device: str, place: int, *, child: bool = False) -> bytes:
        """Return the sample as JSON."""
        row = self.row(device, place)
        ts = row.time if not self.is_refused(device, place) else row.time.replace(year=2100)
        body: dict[str, Any] = {"ts": int(ts.timestamp() * 1000)}
        if row.boot is not None:
            body |= {"boot": row.boot, "seq": row.seq}
        if child:
            body["device"] = device
        body["values"] = {name: value / 4 for name, value in zip(CHANNELS, row.quarters, strict=True)}
        return json.dumps(body, separators=(",", ":")).encode()

    def row(self, device: str, place: int) -> Row:
        """Return what must be stored of a device's message number ``place``, were it not refused."""
        salt = _salt(device)
        quarters = (
            12 + (place * 7 + salt) % 12,
            -76 + (place * 5 + salt) % 12,
            (place * 3 + salt) % 480,
            place,
        )
        half = self.messages // BOOTS
        boot = min(place // half, BOOTS - 1)
        counts = (None, None) if device in self._mute else (boot + 1, place - boot * half + 1)
        return Row(device, self._start + timedelta(minutes=place), *counts, quarters)

    def rows(self, devices: list[str]) -> Iterator[Row]:
        """Yield every row that these devices must have."""
        for device in devices:
            for place in range(self.messages):
                if not self.is_refused(device, place):
                    yield self.row(device, place)

    def letters(self) -> list[tuple[str, str]]:
        """Return (SHA-256, device) of every dead letter that is due, in order."""
        children = {child for kids in self.gateways.values() for child in kids}
        return sorted(
            (hashlib.sha256(self.payload(device, place, child=device in children)).hexdigest(), device)
            for device in self.counting
            for place in range(self.messages)
            if self.is_refused(device, place)
        )


def line(row: Row) -> str:
    """Return the text over which :data:`CHECKSUM` computes."""
    at = int(row.time.timestamp())
    return f"{row.device}|{at}|{row.boot or 0}|{row.seq or 0}|" + "|".join(map(str, row.quarters))


def checksum(rows: Iterator[Row]) -> tuple[int, int]:
    """Return (how many, sum over the rows of the first 48 bits of an MD5)."""
    count = total = 0
    for row in rows:
        count += 1
        total += int(hashlib.md5(line(row).encode(), usedforsecurity=False).hexdigest()[:12], 16)
    return count, total


# The same by SQL: readings come back as quarters, exactly.
CHECKSUM = (
    "SELECT count(*), coalesce(sum(('x' || left(md5(concat_ws('|', device_id,"
    " extract(epoch FROM time)::bigint, coalesce(boot, 0), coalesce(seq, 0), "
    + ", ".join(f"({name} * 4)::int" for name in CHANNELS)
    + f")), 12))::bit(48)::bigint), 0) FROM telemetry_{TYPE} WHERE device_id = ANY(%s)"
)


def _salt(device: str) -> int:
    return zlib.crc32(device.encode()) % 100_003
