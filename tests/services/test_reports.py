"""Tickets that the diagnosis did not find: an owner's word, a technician's measurement, an unknown code."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.tickets import reports, repository
from services.tickets.reports import Measurement
from services.work.intake import Intake
from tests.services.world import FRIDGE, HOME, World
from zerodistance.clock import to_us
from zerodistance.errors import ConflictError, InvalidMessageError, NotFoundError
from zerodistance.messages import DeviceEvent


def say(world: World, words: str, device: str = FRIDGE, household: str = HOME) -> repository.Ticket:
    with world.pool.connection() as conn:
        return reports.owner_reports(world.desk, conn, household, device, words)


def measure(world: World, measurement: Measurement, cause: str = "unknown") -> repository.Ticket | None:
    with world.pool.connection() as conn:
        device = repository.device(conn, FRIDGE)
        assert device is not None
        return reports.inspect(world.desk, conn, device, measurement, actor="staff:wang", cause=cause)[1]


def test_an_owners_report_opens_a_ticket_that_an_engineer_looks_at_first(world: World) -> None:
    ticket = say(world, "  It hums\n at night <b>\0 ")
    assert (ticket.origin, ticket.state, ticket.cause) == ("owner", "remote", "unknown")
    assert ticket.summary["en"] == "It hums at night <b>"
    assert ticket.resolve_by is not None
    told = {m.audience: m.body["en"] for m in world.messages()}
    assert "have your report" in told["owner"]
    assert "It hums at night" in told["engineer"]
    ended = world.resolve(outcome="no_fault_found", parts_used=())
    assert ended.state == "verified", "readings are normal: the owner is asked"


def test_a_second_report_joins_the_open_ticket(world: World) -> None:
    world.find()
    ticket = say(world, "And it smells.")
    assert world.tickets() == 1
    with world.pool.connection() as conn:
        lines = repository.history(conn, ticket.id)
    assert (lines[-1].actor, lines[-1].note) == ("owner", "The owner adds: And it smells.")


def test_reports_are_bounded_and_ones_own(world: World) -> None:
    for wrong in ("", " \n", "x" * 1001):
        with pytest.raises(InvalidMessageError):
            say(world, wrong)
    for device, home in (("ownerless", HOME), (FRIDGE, "home-2"), ("nothing", HOME)):
        with pytest.raises(NotFoundError):
            say(world, "It hums.", device, home)
    assert world.tickets() == 0
    for number in range(20):
        say(world, f"It hums {number}.")
    with pytest.raises(ConflictError, match="call"):
        say(world, "It hums again.")
    world.pass_time(hours=25)
    say(world, "It still hums.")


def test_a_measurement_joins_the_evidence_of_the_open_ticket(world: World) -> None:
    world.find(cause="gasket_leak")
    before = world.ticket()
    ticket = measure(world, Measurement("winding resistance", 0.2, "Ω", 4, 12, "open circuit"))
    assert ticket is not None
    assert ticket.id == before.id
    with pytest.raises(ConflictError):  # who looked before it was measured has to look again
        world.move("remote", version=before.version)
    with world.pool.connection() as conn:
        (kept,) = reports.inspections(conn, FRIDGE)
        last = repository.history(conn, ticket.id)[-1]
    assert (kept.ticket_id, kept.value, kept.actor) == (ticket.id, 0.2, "staff:wang")
    assert last.actor == "staff:wang"
    assert "winding resistance: 0.2 Ω (expected 4–12). open circuit" in last.note


def test_a_measurement_out_of_range_opens_a_ticket_and_one_within_does_not(world: World) -> None:
    assert measure(world, Measurement("gasket force", 12, "N", 8, None)) is None
    assert world.tickets() == 0
    ticket = measure(world, Measurement("gasket force", 5, "N", 8, None), cause="gasket_leak")
    assert ticket is not None
    assert (ticket.origin, ticket.state, ticket.cause) == ("inspection", "on_site", "gasket_leak")
    assert (ticket.part, ticket.urgency) == ("door_gasket", "routine")
    with pytest.raises(InvalidMessageError, match="value"):
        measure(world, Measurement("gasket"))
    with pytest.raises(InvalidMessageError, match="drum"):
        measure(world, Measurement("x", 1), cause="drum")


def code(world: World, active: bool, minutes: int = 0, name: str = "E-77") -> str:
    at = to_us(world.clock.now() + timedelta(minutes=minutes))
    event = DeviceEvent("e", 1, FRIDGE, "refrigerator", "fault", name, at, at, active=active)
    with world.pool.connection() as conn:
        return Intake(world.desk, world.clock).take_code(conn, event)


def test_a_code_that_the_catalogue_does_not_have_is_looked_at_from_afar(world: World) -> None:
    assert code(world, True, name="Er FS") == "code", "a known one is the diagnosis's business"
    assert code(world, False) == "code_ignored"
    assert code(world, True) == "code_opened"
    assert code(world, True) == "code_repeated"
    ticket = world.ticket()
    assert (ticket.origin, ticket.state, ticket.cause) == ("fault_code", "remote", "unknown")
    assert "E-77" in ticket.summary["en"]
    assert code(world, False, minutes=5) == "code_cleared"
    assert world.ticket().outcome == "recovered"
    assert code(world, True, minutes=9) == "code_reopened"


def test_a_finding_of_the_appliances_own_code_says_so(world: World) -> None:
    with world.pool.connection() as conn:
        conn.execute(
            "INSERT INTO device_event (id, tenant_id, device_id, time, received_at, kind, code)"
            " VALUES ('e', 1, %s, %s, now(), 'fault', 'Er FS')",
            (FRIDGE, world.clock.now() - timedelta(minutes=30)),
        )
    world.find(cause="thermistor_open", evidence=[])
    assert world.ticket().origin == "fault_code"
