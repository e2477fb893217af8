"""The ticket desk on a real PostgreSQL: scenario F1's endings, races, and what comes twice or too late."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from services.tickets import repository
from tests.services.world import AIR, ENGINEER, FRIDGE, HOME, World, make_finding
from zerodistance.errors import ConflictError, IllegalMoveError, InvalidMessageError, NotFoundError
from zerodistance.messages import TICKETS, decode_ticket_change


def test_the_finding_opens_a_ticket_and_tells_both_sides_by_one_event(world: World) -> None:
    assert world.find() == "opened"
    world.work()
    ticket = world.ticket()
    assert (ticket.state, ticket.cause, ticket.urgency) == ("owner_asked", "door_ajar", "urgent")
    assert ticket.respond_by == world.clock.now() + timedelta(hours=4)
    assert ticket.resolve_by == world.clock.now() + timedelta(hours=24)
    engineer, owner = sorted(world.messages(), key=lambda m: m.audience)
    assert (engineer.audience, owner.audience) == ("engineer", "owner")
    assert engineer.event_id == owner.event_id
    assert engineer.created_at == owner.created_at
    assert engineer.sent_at is not None
    assert owner.sent_at is not None
    assert set(owner.answers) == {"fixed", "checked"}
    assert owner.deadline_at == world.clock.now() + timedelta(minutes=45)
    assert "door" in owner.body["en"]
    assert "门" in owner.body["zh"]
    assert "Kitchen fridge" in engineer.body["en"]
    assert "Door left ajar" in engineer.body["en"]


def test_f1_door_closed_by_the_owner_ends_without_a_visit(world: World) -> None:
    world.find()
    world.pass_time(minutes=10)
    world.answer("fixed")
    assert world.ticket().state == "owner_checked"
    world.pass_time(minutes=60)
    world.clear()
    ticket = world.ticket()
    assert world.states() == ["owner_asked", "owner_checked", "recovered", "closed"]
    assert (ticket.outcome, ticket.visit_avoided) == ("owner_fixed", True)
    assert ticket.closed_at == world.clock.now()


def test_f1_failed_compressor_ends_with_a_visit(world: World) -> None:
    world.find(cause="compressor_failed")
    world.answer("checked")
    assert world.ticket().state == "on_site"
    world.plan()
    world.move("visiting")
    world.resolve()
    assert world.ticket().state == "resolved"
    world.pass_time(minutes=120)
    world.clear(cause="compressor_failed")
    assert world.ticket().state == "verified"
    world.answer("confirm", "confirm")
    ticket = world.ticket()
    assert world.states() == [
        "owner_asked", "on_site", "planned", "visiting", "resolved", "verified", "confirmed", "closed",
    ]  # fmt: skip
    assert (ticket.outcome, ticket.outcome_cause) == ("confirmed", "compressor_failed")
    assert (ticket.parts_used, ticket.minutes, ticket.visit_avoided) == (["compressor"], 40, False)


def test_f1_nobody_answers(world: World) -> None:
    world.find()
    world.pass_time(minutes=44)
    assert world.ticket().state == "owner_asked"
    world.pass_time(minutes=2)
    assert world.states() == ["owner_asked", "unanswered", "on_site"]


def test_f1_readings_go_on_after_the_owner_checked(world: World) -> None:
    world.find()
    world.answer("fixed")
    world.pass_time(minutes=181)
    assert world.states() == ["owner_asked", "owner_checked", "on_site"]


def test_f1_it_recovers_by_itself(world: World) -> None:
    world.find()
    world.clear()
    ticket = world.ticket()
    assert world.states() == ["owner_asked", "recovered", "closed"]
    assert (ticket.outcome, ticket.visit_avoided) == ("recovered", True)


def test_an_answer_after_the_deadline_still_saves_the_visit(world: World) -> None:
    world.find()
    world.pass_time(minutes=50)
    assert world.ticket().state == "on_site"
    world.answer("fixed")
    assert world.ticket().state == "owner_checked"
    world.clear()
    assert (world.ticket().outcome, world.ticket().visit_avoided) == ("owner_fixed", True)


def test_an_answer_after_the_visit_is_planned_is_noted_for_the_engineer(world: World) -> None:
    world.find()
    world.pass_time(minutes=50)
    world.plan()
    world.answer("fixed")
    assert world.ticket().state == "planned"
    with world.pool.connection() as conn:
        last = repository.history(conn, world.ticket().id)[-1]
    assert (last.actor, last.from_state, last.to_state) == ("owner", "planned", "planned")


def test_the_owner_answers_twice(world: World) -> None:
    world.find()
    first = world.answer("fixed")
    version = world.ticket().version
    assert world.answer("fixed") == first
    assert world.ticket().version == version
    with pytest.raises(ConflictError, match="answered already"):
        world.answer("checked")


def test_an_answer_to_a_closed_ticket_is_refused(world: World) -> None:
    world.find()
    world.clear()
    with pytest.raises(ConflictError, match="settled"):
        world.answer("fixed")


def test_answers_that_were_not_offered_or_are_not_ours(world: World) -> None:
    world.find()
    with pytest.raises(InvalidMessageError, match="fixed or checked"):
        world.answer("maybe")
    with world.pool.connection() as conn, pytest.raises(NotFoundError):
        world.desk.answer(conn, "home-2", world.question().id, "fixed")
    told = next(m for m in world.messages() if m.audience == "engineer")
    with world.pool.connection() as conn, pytest.raises(NotFoundError):
        world.desk.answer(conn, HOME, told.id, "fixed")


def test_silence_for_a_day_confirms(world: World) -> None:
    world.find(cause="compressor_failed")
    world.answer("checked")
    world.move("visiting")
    world.resolve()
    world.clear(cause="compressor_failed")
    world.pass_time(hours=23, minutes=50)
    assert world.ticket().state == "verified"
    world.pass_time(hours=12)  # quiet hours may have moved the question to the morning
    assert world.ticket().state == "closed"


def test_a_good_rating_confirms_and_a_bad_one_waits_for_a_word(world: World) -> None:
    for device, rating, state in ((FRIDGE, 5, "closed"), (AIR, 2, "verified")):
        cause, kind = (
            ("compressor_failed", "refrigerator") if device == FRIDGE else ("cooling_lost", "air_conditioner")
        )
        world.find(device, cause, type=kind)
        world.answer("checked", device=device)
        world.move("visiting", device)
        world.resolve(device)
        world.clear(device, cause, type=kind)
        assert world.rate(rating, device).rating == rating
        assert world.ticket(device).state == state
        world.rate(rating, device)
        with pytest.raises(ConflictError, match="rated already"):
            world.rate(4, device)


def test_a_rating_before_the_end_is_refused(world: World) -> None:
    world.find()
    with pytest.raises(ConflictError, match="not finished"):
        world.rate(5)
    with pytest.raises(InvalidMessageError):
        world.rate(6)


def test_a_repair_that_does_not_help_reopens(world: World) -> None:
    world.find(cause="compressor_failed")
    world.answer("checked")
    world.move("visiting")
    world.resolve()
    world.pass_time(minutes=481)
    ticket = world.ticket()
    assert (ticket.state, ticket.outcome, ticket.resolved_at) == ("on_site", "", None)
    assert ticket.minutes == 40  # what was spent stays
    world.move("visiting")
    assert world.resolve(minutes=20).minutes == 60


def test_the_owner_says_that_it_is_still_wrong(world: World) -> None:
    world.find(cause="compressor_failed")
    world.answer("checked")
    world.move("visiting")
    world.resolve()
    world.clear(cause="compressor_failed")
    world.answer("still_wrong", "confirm")
    assert world.ticket().state == "on_site"


def test_a_fault_that_comes_back_reopens_its_ticket(world: World) -> None:
    world.find()
    world.clear()
    assert world.ticket().state == "closed"
    assert world.find() == "reopened"
    ticket = world.ticket()
    assert (ticket.state, ticket.outcome, ticket.closed_at) == ("on_site", "", None)
    assert world.tickets() == 1


def test_redelivered_and_outdated_findings_change_nothing(world: World) -> None:
    world.find(revision=3)
    version, told = world.ticket().version, len(world.messages())
    assert world.find(revision=3) == "repeated"
    assert world.find(revision=2, cause="compressor_failed") == "repeated"
    assert world.find(revision=1, state="cleared") == "repeated"
    assert (world.ticket().version, len(world.messages())) == (version, told)


def test_findings_of_unknown_and_retired_devices_open_nothing(world: World) -> None:
    assert world.find("nobody") == "unknown_device"
    with world.pool.connection() as conn:
        conn.execute("UPDATE device SET retired_at = now() WHERE id = %s", (AIR,))
    assert world.find(AIR, "cooling_lost", type="air_conditioner") == "retired"
    assert world.tickets() == 0


def test_a_device_retired_with_an_open_ticket_still_clears(world: World) -> None:
    world.find()
    with world.pool.connection() as conn:
        conn.execute("UPDATE device SET retired_at = now() WHERE id = %s", (FRIDGE,))
    world.clear()
    assert world.ticket().state == "closed"


def test_a_revised_cause_changes_the_same_ticket(world: World) -> None:
    world.find()
    assert world.find(cause="compressor_failed") == "revised"
    ticket = world.ticket()
    assert (world.tickets(), ticket.cause, ticket.part, ticket.skill) == (
        1, "compressor_failed", "compressor", "refrigeration",
    )  # fmt: skip
    assert any("revised to Compressor does not run" in m.body["en"] for m in world.messages())


def test_new_evidence_alone_leaves_the_version_to_people(world: World) -> None:
    world.find()
    version = world.ticket().version
    world.find()
    assert world.ticket().version == version


def test_further_findings_join_and_the_most_pressing_one_leads(world: World) -> None:
    world.find(cause="gasket_leak", id="slow", urgency="routine")
    assert world.ticket().state == "on_site"
    assert world.find(cause="compressor_failed", id="fast", urgency="urgent") == "revised"
    ticket = world.ticket()
    assert (world.tickets(), ticket.cause, ticket.urgency) == (1, "compressor_failed", "urgent")
    assert ticket.respond_by == world.clock.now() + timedelta(hours=4)
    world.clear(cause="compressor_failed", id="fast", urgency="urgent")
    ticket = world.ticket()
    assert (ticket.state, ticket.cause, ticket.urgency) == ("on_site", "gasket_leak", "routine")
    world.clear(cause="gasket_leak", id="slow", urgency="routine")
    assert world.ticket().state == "closed"


def test_without_an_owner_the_visit_is_not_held_up(world: World) -> None:
    world.find("ownerless")
    assert world.ticket("ownerless").state == "remote"  # the owner's remedy, and nobody to ask
    assert [m.audience for m in world.messages("ownerless")] == ["engineer"]


def test_an_unknown_cause_needs_a_visit(world: World) -> None:
    world.find(cause="unknown", urgency="soon")
    assert world.ticket().state == "on_site"


def test_two_people_edit_one_ticket(world: World) -> None:
    world.find(cause="unknown", urgency="soon")
    seen = world.ticket().version
    world.plan()
    with pytest.raises(ConflictError, match="Somebody else"):
        world.move("visiting", version=seen)
    assert world.ticket().state == "planned"


def test_moves_of_people_are_checked(world: World) -> None:
    world.find(cause="unknown", urgency="soon")
    with pytest.raises(IllegalMoveError, match="visit window"):
        world.move("planned", assignee=ENGINEER)
    with pytest.raises(InvalidMessageError, match="no engineer"):
        world.move("visiting", assignee="nobody")
    world.move("visiting")
    with pytest.raises(IllegalMoveError, match="outcome of a repair"):
        world.move("resolved", minutes=5)
    with pytest.raises(InvalidMessageError, match="not a fault"):
        world.resolve(outcome="confirmed", outcome_cause="")  # the cause is unknown: say what it was
    with pytest.raises(InvalidMessageError, match="not a fault"):
        world.resolve(outcome="other_fault", outcome_cause="gremlins")
    with pytest.raises(IllegalMoveError, match="only through the platform"):
        world.move("verified", **{}) if world.resolve(outcome="no_fault_found") else None
    assert world.ticket().outcome_cause == ""


def test_hold_and_cancel_want_a_reason(world: World) -> None:
    world.find(cause="unknown", urgency="soon")
    with pytest.raises(IllegalMoveError, match="note"):
        world.move("on_hold")
    world.move("on_hold", note="Waits for a compressor.")
    world.move("on_site")
    world.move("cancelled", note="The owner moved house.")
    ticket = world.ticket()
    assert (ticket.state, ticket.outcome) == ("cancelled", "cancelled")
    assert world.find() == "ignored"  # the same incident, called off by a person
    assert world.find(id="another") == "opened"


def test_merging_hands_the_findings_over(world: World) -> None:
    world.find(cause="unknown", urgency="soon")
    world.find(AIR, "condenser_fouled", type="air_conditioner", urgency="routine")
    target = world.ticket(AIR)
    world.move("merged", merge_into=target.id)
    assert world.ticket().merged_into == target.id
    world.clear(AIR, "condenser_fouled", type="air_conditioner", urgency="routine")
    assert world.ticket(AIR).state == "on_site"  # the other appliance is not well yet
    world.clear(cause="unknown", urgency="soon")
    assert world.ticket(AIR).state == "closed"


def test_every_version_has_its_line_and_its_record(world: World) -> None:
    world.find()
    world.answer("checked")
    world.plan()
    ticket = world.ticket()
    with world.pool.connection() as conn:
        lines = repository.history(conn, ticket.id)
        rows = conn.execute("SELECT record_id, payload FROM outbox WHERE topic = %s ORDER BY id", (TICKETS,))
        changes = [(row[0], decode_ticket_change(bytes(row[1]))) for row in rows]
    assert [line.version for line in lines] == list(range(1, ticket.version + 1))
    assert [record for record, _ in changes] == [f"{ticket.id}:{n}" for n in range(1, ticket.version + 1)]
    assert changes[-1][1].state == "planned"


def test_the_database_refuses_what_the_code_must_not_do(world: World) -> None:
    world.find()
    ticket = world.ticket()
    refused = psycopg.errors.IntegrityConstraintViolation
    with pytest.raises(refused, match="history"), world.pool.connection() as conn:
        conn.execute("UPDATE ticket SET state = 'on_site', version = version + 1 WHERE id = %s", (ticket.id,))
    with pytest.raises(refused, match="must follow"), world.pool.connection() as conn:
        conn.execute("UPDATE ticket SET state = 'on_site' WHERE id = %s", (ticket.id,))
    with pytest.raises(refused, match="no way from owner_asked to closed"), world.pool.connection() as conn:
        conn.execute("UPDATE ticket SET state = 'closed', version = version + 1 WHERE id = %s", (ticket.id,))
    with pytest.raises(psycopg.errors.CheckViolation), world.pool.connection() as conn:
        conn.execute("UPDATE ticket SET state = 'merged', version = version + 1 WHERE id = %s", (ticket.id,))
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"), world.pool.connection() as conn:
        conn.execute("DELETE FROM ticket_history WHERE ticket_id = %s", (ticket.id,))
    with pytest.raises(psycopg.errors.CheckViolation, match="hold"), world.pool.connection() as conn:
        conn.execute(
            "UPDATE ticket SET resolve_left_s = 60, version = version + 1 WHERE id = %s", (ticket.id,)
        )
    with pytest.raises(psycopg.errors.UniqueViolation), world.pool.connection() as conn:
        conn.execute(
            "INSERT INTO ticket (id, tenant_id, device_id, state, origin, cause, probability, urgency,"
            " onset_at, opened_at) VALUES ('x', 1, %s, 'on_site', 'owner', '', 1, 'soon', now(), now())",
            (FRIDGE,),
        )


def test_bad_air_is_dealt_with_from_afar(world: World) -> None:
    world.find(cause="bad_air", urgency="routine")
    assert world.ticket().state == "remote"
    with world.pool.connection() as conn:
        row = conn.execute("SELECT id, name, state FROM command").fetchone()
    assert row is not None
    assert row[1:] == ("sterilise", "queued")
    world.pass_time(hours=2)  # nobody sent it: it expires
    assert world.ticket().state == "on_site"


def test_a_timer_of_an_earlier_state_does_nothing(world: World) -> None:
    world.find()
    with world.pool.connection() as conn:
        conn.execute('UPDATE timer SET data = \'{"state": "on_site"}\'')
    world.pass_time(hours=1)
    assert world.ticket().state == "owner_asked"


def test_a_timer_that_fails_does_not_hold_up_the_others(world: World) -> None:
    world.find()
    world.find(AIR, "cooling_lost", type="air_conditioner")
    with world.pool.connection() as conn:
        conn.execute("UPDATE timer SET kind = 'nonsense' WHERE ticket_id = %s", (world.ticket(FRIDGE).id,))
    world.pass_time(hours=3)
    assert world.ticket(AIR).state == "on_site"
    assert world.ticket(FRIDGE).state == "owner_asked"


def test_findings_are_kept_whole(world: World) -> None:
    world.find()
    with world.pool.connection() as conn:
        kept = repository.findings(conn, world.ticket().id)
    assert kept == [make_finding(at=world.clock.now())]


def test_an_incident_called_off_that_clears_and_comes_back_is_a_new_ticket(world: World) -> None:
    world.find()
    world.move("cancelled", note="The owner defrosts it.")
    world.clear()
    assert world.find() == "opened"
    assert (world.tickets(), world.ticket().state) == (2, "owner_asked")
