"""A repair that a ticket tells of reaches the models."""

from __future__ import annotations

from typing import Any

import pytest

from models.engine import Engine
from stream.diagnose import DiagnosisHandler
from stream.repairs import Repair, repair_of
from tests.models.series import START_US, feed, refrigerator
from zerodistance.catalogue import Catalogue
from zerodistance.clock import ManualClock
from zerodistance.log.interface import Record
from zerodistance.messages import (
    EVENTS,
    TICKETS,
    DeviceEvent,
    TicketChange,
    encode_event,
    encode_ticket_change,
)

HOUR_US = 3_600_000_000


def _change(state: str, outcome: str, device: str = "fridge-1", time_us: int = START_US) -> TicketChange:
    return TicketChange(
        ticket="t",
        version=3,
        tenant=1,
        device=device,
        state=state,
        cause="refrigerant_leak",
        time_us=time_us,
        actor="e",
        outcome=outcome,
    )


@pytest.mark.parametrize("outcome", ["confirmed", "other_fault"])
def test_what_an_engineer_put_right_is_a_repair(outcome: str) -> None:
    cause = "refrigerant_leak" if outcome == "confirmed" else ""
    assert repair_of(_change("resolved", outcome)) == Repair("fridge-1", START_US, cause)


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("resolved", "no_fault_found"), ("verified", "confirmed"), ("closed", "owner_fixed"), ("planned", "")],
)
def test_everything_else_is_none(state: str, outcome: str) -> None:
    assert repair_of(_change(state, outcome)) is None


def test_the_models_learn_a_repaired_device_anew(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, int]] = []
    real = Engine.recommission

    def spy(self: Engine, device: str, time_us: int, cause: str) -> Any:
        told.append((device, time_us))
        return real(self, device, time_us, cause)

    monkeypatch.setattr(Engine, "recommission", spy)
    handler = DiagnosisHandler(catalogue, ManualClock())
    code = DeviceEvent(
        id="e", tenant=1, device="fridge-1", type="refrigerator", kind="fault", code="Er CF", active=True,
        time_us=START_US, received_us=START_US,
    )  # fmt: skip
    repairs = [_change("resolved", "confirmed"), _change("resolved", "confirmed", device="never-heard-of")]
    handler.process([Record(EVENTS, 0, 0, None, encode_event(code), 0)])
    handler.process(
        [Record(TICKETS, 0, number, None, encode_ticket_change(one), 0) for number, one in enumerate(repairs)]
    )
    handler._work()
    assert told == [("fridge-1", START_US)]


def test_news_of_an_old_repair_forgets_nothing(catalogue: Catalogue) -> None:
    engine = Engine(catalogue["refrigerator"])
    feed(engine, "a", refrigerator(3.0, seed=1, period_s=300))
    before = engine.export_state("a")
    assert engine.recommission("a", START_US + HOUR_US).changes == []
    assert engine.export_state("a") == before
    engine.recommission("a", START_US + 71 * HOUR_US)
    assert engine.export_state("a") != before
