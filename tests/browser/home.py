"""A real platform to look at: a filled database, `zerodistance serve` and `zerodistance console` before it.

Delivery, timers and diagnosis are done by the test itself with the platform's own functions, so that it
decides when they happen.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx

from services.accounts import repository
from services.accounts.roles import AccountRole
from services.messages.delivery import deliver_inbox
from services.tickets.desk import Desk
from services.tokens import owner_token
from tests.fixtures.processes import free_port, start_server, wait_until
from zerodistance.catalogue import Catalogue
from zerodistance.clock import SystemClock, to_us
from zerodistance.messages import Candidate, Evidence, Finding, RuledOut, Sample
from zerodistance.settings import DEFAULT_SECRET, Settings
from zerodistance.store.database import Pool, pool_of
from zerodistance.store.devices import note_unclaimed, register_device, register_engineer, register_household
from zerodistance.store.telemetry import write_samples

LOGIN, PASSWORD = "wang.wei", "open-sesame-please"
EVIL = "<img src=x onerror=\"document.title='owned'\">"


@dataclass
class Home:
    """Refrigerators, seen by staff and by their owners; each test has one of its own."""

    pool: Pool
    catalogue: Catalogue
    api: str
    console: str
    clock: SystemClock = field(default_factory=SystemClock)

    def owner_page(self, household: str) -> str:
        settings = Settings(_env_file=None, secret_key=DEFAULT_SECRET)
        return f"{self.api}/owner/{owner_token(settings, household)}"

    def find(self, device: str, *, cleared: bool = False, revision: int = 1) -> None:
        """Let the diagnosis say that the compressor does not run, or that it runs again."""
        now = self.clock.now()
        finding = Finding(
            id=f"finding-{device}",
            revision=revision,
            tenant=1,
            device=device,
            type="refrigerator",
            state="cleared" if cleared else "open",
            cause="compressor_failed",
            probability=0.86,
            candidates=[Candidate("compressor_failed", 0.86), Candidate("door_ajar", 0.14)],
            ruled_out=[
                RuledOut("refrigerant_leak", {"en": "It is too quick for a leak.", "zh": "泄漏不会这么快。"})
            ],
            evidence=[
                Evidence("fresh_food_mean", "fresh_food_temperature", "°C", 9.4, 4.1, 2.8, 5.4, 6.2),
                Evidence("duty", "power", "", 0.0, 0.34, 0.18, 0.5, 4.4),
            ],
            urgency="urgent",
            onset_us=to_us(now - timedelta(minutes=50)),
            time_us=to_us(now),
            summary={"en": "Both compartments warm up, the compressor draws no power.", "zh": "两室升温。"},
            model="test",
        )
        with self.pool.connection() as conn:
            Desk(self.catalogue, self.clock).take_finding(conn, finding)
        self.deliver()

    def deliver(self) -> None:
        """Bring the messages to their inboxes, as the work process does."""
        with self.pool.connection() as conn:
            deliver_inbox(conn, self.clock, 100)

    def state(self, device: str) -> str:
        with self.pool.connection() as conn:
            row = conn.execute(
                "SELECT state FROM ticket WHERE device_id = %s ORDER BY number DESC LIMIT 1", (device,)
            ).fetchone()
        return str(row[0]) if row else ""


@contextmanager
def opened(database: str, catalogue: Catalogue, folder: Path) -> Iterator[Home]:
    """Fill the database and start the API and the console as processes of their own."""
    pool = pool_of(database)
    _fill(pool, catalogue)
    api_port, console_port = free_port(), free_port()
    api, console = f"http://127.0.0.1:{api_port}", f"http://127.0.0.1:{console_port}"
    given = {
        "ZD_DATABASE": database,
        "ZD_API_PORT": str(api_port),
        "ZD_API_URL": api,
        "ZD_CONSOLE_PORT": str(console_port),
        "ZD_STAFF_PASSWORD": PASSWORD,
        "ZD_DATA_DIR": str(folder / "data"),
    }
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        started = [
            start_server([sys.executable, "-m", "zerodistance", name], folder / f"{name}.log")
            for name in ("serve", "console")
        ]
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    try:
        for address in (api, console):
            wait_until(partial(_healthy, address), timeout_s=180, what=address)
        yield Home(pool, catalogue, api, console)
        for process in reversed(started):
            process.terminate()
        assert started[1].wait(20) == 0, "told to stop, the console ends by itself, and well"
        started[0].wait(20)
    finally:
        for process in started:
            process.kill()
            process.wait()
        pool.close()


_FRIDGES = (
    (1, "home-1", "Kitchen fridge"),
    (2, "home-2", "厨房冰箱"),
    (3, None, EVIL),
    (4, "home-4", "Garage fridge"),
    (5, "home-5", "Office fridge"),
)


def _healthy(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", timeout=2).is_success
    except httpx.HTTPError:
        return False


def _fill(pool: Pool, catalogue: Catalogue) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with pool.connection() as conn:
        register_household(
            conn, "home-1", region="Qingdao", time_zone="Asia/Shanghai", language="en", owner_name="Li Na"
        )
        register_household(conn, "home-2", language="zh", owner_name="王芳")
        register_engineer(conn, "engineer-1", "Wang Wei", skills=["refrigeration"])
        roles = [AccountRole.DISPATCHER, AccountRole.ENGINEER, AccountRole.OPERATOR]
        repository.add(conn, 1, LOGIN, roles, created_by="test", password=PASSWORD, engineer="engineer-1")
        register_household(conn, "home-4", owner_name="Zhao")
        register_household(conn, "home-5", owner_name="Sun")
        for number, home, name in _FRIDGES:
            device = f"fridge-{number}"
            register_device(conn, device, "refrigerator", household_id=home, name=name, model="ZR-420")
            write_samples(conn, catalogue, [_sample(device, now, i, warm=number == 1) for i in range(480)])
        conn.execute(
            "INSERT INTO expected_band SELECT 'fridge-1', 'fresh_food_temperature', t, 4.1, 2.8, 5.4"
            " FROM generate_series(%s::timestamptz, %s, interval '5 minutes') t",
            (now - timedelta(hours=8), now + timedelta(hours=1)),
        )
        conn.execute(
            "INSERT INTO insight (id, tenant_id, household_id, device_id, kind, day, body, figures,"
            " created_at) VALUES ('i', 1, 'home-1', 'fridge-1', 'energy', %s, %s, %s, %s)",
            (
                now.date(),
                '{"en": "It used 1.9 kWh, 0.6 kWh more than usual.", "zh": "用电1.9度。"}',
                '{"kwh": 1.9, "usual_kwh": 1.3}',
                now,
            ),
        )
        note_unclaimed(conn, "fridge-9", now, '{"values": {"power": 84}}')


def _sample(device: str, now: datetime, minute: int, *, warm: bool) -> Sample:
    """Return minute 0 (eight hours ago) to 479 (now): the compressor of a warm one stops 50 minutes ago."""
    moment = now - timedelta(minutes=479 - minute)
    off = warm and minute > 430
    warmth = 6.0 * (1 - math.exp(-(minute - 430) / 30)) if off else 0.0
    values: dict[str, float | None] = {
        "fresh_food_temperature": round(4.1 + 0.6 * math.sin(minute / 9) + warmth, 1),
        "freezer_temperature": round(-18 + warmth, 1),
        "power": 0.0 if off or minute % 45 > 15 else 82.0,
        "energy": round(minute * 0.0005, 3),
        "door_open": 0.0,
    }
    micros = to_us(moment)
    return Sample(1, device, "refrigerator", micros, micros, 1, minute + 1, None, values, {}, {})
