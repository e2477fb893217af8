"""A cause common to a firmware or a region is one campaign, not a thousand tickets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.campaigns import repository as campaigns
from services.campaigns.repository import Campaign
from services.work.intake import Intake
from tests.services.world import World, make_finding
from zerodistance.errors import ConflictError, NotFoundError
from zerodistance.log import Record
from zerodistance.messages import COHORTS, Deviation, encode_deviation
from zerodistance.store.devices import register_device, register_household


@pytest.fixture
def fleet(world: World) -> World:
    """Give forty refrigerators, every fourth with the firmware 2.1, in homes of two regions."""
    with world.pool.connection() as conn:
        for number in range(40):
            home = f"home-of-{number}"
            register_household(conn, home, region="east" if number % 2 else "west")
            register_device(conn, f"f-{number}", "refrigerator", household_id=home)
            conn.execute(
                "UPDATE device SET firmware = %s WHERE id = %s",
                ("2.1" if number % 4 == 0 else "2.0", f"f-{number}"),
            )
    return world


def find(world: World, number: int, *, cause: str = "thermostat_drift", **more: object) -> str:
    finding = make_finding(f"f-{number}", cause, at=world.clock.now(), urgency="routine", **more)  # type: ignore[arg-type]
    with world.pool.connection() as conn:
        return world.desk.take_finding(conn, finding)


def the_campaign(world: World) -> Campaign:
    with world.pool.connection() as conn:
        (only,) = campaigns.listing(conn, 1)
        return only


def test_a_bad_release_becomes_one_campaign(fleet: World) -> None:
    assert [find(fleet, n) for n in (0, 4, 8, 12)] == ["opened"] * 4
    with fleet.pool.connection() as conn:
        assert campaigns.listing(conn, 1) == [], "four are chance"
    assert find(fleet, 16) == "opened"
    campaign = the_campaign(fleet)
    assert (campaign.firmware, campaign.region, campaign.members) == ("2.1", "", 5)
    for number in (0, 4, 8, 12, 16):
        ticket = fleet.ticket(f"f-{number}")
        assert (ticket.state, ticket.campaign_id) == ("merged", campaign.id)
    assert find(fleet, 20) == "joined", "the sixth has no ticket at all"
    assert the_campaign(fleet).members == 6
    assert find(fleet, 1) == "opened", "another firmware is another matter"
    fleet.work()
    with fleet.pool.connection() as conn:
        told = conn.execute(
            "SELECT audience, count(*) FROM message WHERE event_id LIKE 'campaign-%' GROUP BY 1"
        ).fetchall()
    assert dict(told) == {"owner": 6, "engineer": 1, "dispatcher": 1}, "each owner once, staff once"


def test_scattered_faults_are_no_campaign(fleet: World) -> None:
    assert [find(fleet, n) for n in range(12)] == ["opened"] * 12
    with fleet.pool.connection() as conn:
        assert campaigns.listing(conn, 1) == [], "as many here as there"


def test_a_campaign_ends_and_who_still_has_it_gets_a_ticket(fleet: World) -> None:
    for number in (0, 4, 8, 12, 16):
        find(fleet, number)
    campaign = the_campaign(fleet)
    find(fleet, 0, revision=2, state="cleared")
    assert the_campaign(fleet).recovered == 1
    assert fleet.ticket("f-0").state == "merged"
    with fleet.pool.connection() as conn:
        assert fleet.desk.campaigns.close(conn, 1, campaign.id, actor="staff:wang", note="2.2 is out") == 4
    assert the_campaign(fleet).state == "closed"
    assert fleet.ticket("f-0").state == "merged", "it has recovered: there is nothing to do"
    assert fleet.ticket("f-4").state == "on_site"
    with fleet.pool.connection() as conn:
        with pytest.raises(ConflictError):
            fleet.desk.campaigns.close(conn, 1, campaign.id, actor="x", note="")
        with pytest.raises(NotFoundError):
            fleet.desk.campaigns.close(conn, 2, campaign.id, actor="x", note="")


def test_an_engineer_on_the_way_is_left_alone(fleet: World) -> None:
    for number in (0, 4, 8, 12):
        find(fleet, number)
    fleet.plan("f-0")
    find(fleet, 16)
    assert fleet.ticket("f-0").state == "planned"
    assert the_campaign(fleet).members == 4


def test_old_findings_do_not_count(fleet: World) -> None:
    for number in (0, 4, 8, 12):
        find(fleet, number)
    fleet.clock.advance(hours=30)
    assert fleet.clock.now() > fleet.ticket("f-0").opened_at + timedelta(hours=24)
    assert find(fleet, 16) == "opened"
    with fleet.pool.connection() as conn:
        assert campaigns.listing(conn, 1) == []


def test_what_the_models_see_in_a_firmware_is_a_campaign_before_there_are_tickets(fleet: World) -> None:
    """Told over the log; findings that come of it later join, and what somebody closed stays closed."""
    deviation = Deviation(
        tenant=1,
        type="refrigerator",
        dimension="firmware",
        value="2.1",
        cause="thermostat_drift",
        feature="humidity_mean",
        direction=-1,
        devices=["f-0", "f-4", "f-8", "f-12", "f-16", "f-20"],
        share=0.6,
        time_us=0,
    )
    record = Record(COHORTS, 0, 0, b"refrigerator/2.1", encode_deviation(deviation), 0)
    intake = Intake(fleet.desk, fleet.clock)

    def take() -> str:
        with fleet.pool.connection() as conn:
            return intake.take(conn, record)

    assert take() == "cohort_opened"
    campaign = the_campaign(fleet)
    assert (campaign.firmware, campaign.opened_by, campaign.members) == ("2.1", "models", 0)
    with fleet.pool.connection() as conn:
        lines = conn.execute("SELECT note FROM campaign_history ORDER BY version").fetchall()
        told = conn.execute("SELECT count(*) FROM message WHERE device_id = 'f-0'").fetchone()
    assert "(60% of firmware 2.1) have humidity_mean lower" in lines[-1][0]
    assert told == (2,), "engineers and dispatchers hear of it"
    assert find(fleet, 4) == "joined"
    assert find(fleet, 1) == "opened", "another firmware"
    assert take() == "cohort_known"
    with fleet.pool.connection() as conn:
        fleet.desk.campaigns.close(conn, 1, campaign.id, actor="staff:wang", note="as designed")
    assert take() == "cohort_closed"
    fleet.clock.advance(days=15)
    assert take() == "cohort_opened"
