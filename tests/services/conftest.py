"""What the tests of the service side share: a home with appliances, findings made by hand, a clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.tickets.desk import Desk
from tests.services.world import World
from zerodistance.catalogue import Catalogue
from zerodistance.clock import ManualClock
from zerodistance.store.database import Pool

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def world(pool: Pool, catalogue: Catalogue, clock: ManualClock) -> World:
    """Give a migrated database with one home, a refrigerator, an air conditioner and an engineer."""
    return World(pool, clock, catalogue, Desk(catalogue, clock))
