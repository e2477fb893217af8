"""A small fleet for the stand-in API, with tickets at every stage."""

from __future__ import annotations

from datetime import timedelta

from services.schemas import (
    CandidatePublic,
    EvidencePublic,
    MessagePublic,
    RuledOutPublic,
    UnclaimedPublic,
)
from services.service_schemas import (
    CampaignPublic,
    IssueEntryPublic,
    IssueSharePublic,
    ProductIssueDetail,
)
from tests.browser.fake_api import FakeApi
from tests.browser.fake_data import (
    CATALOGUE,
    NOW,
    ago,
    title_of,
)


def filled() -> FakeApi:
    """Return a fake with a small fleet and tickets at every stage."""
    fake = FakeApi()
    fake.add_device("fridge-01", "refrigerator", "Kitchen fridge", open_tickets=1)
    fake.add_device("fridge-02", "refrigerator", "Family fridge", open_tickets=1, household_id="home-02")
    fake.add_device("fridge-03", "refrigerator", "Garage fridge", household_id="home-03", open_tickets=1)
    fake.add_device(
        "ac-01", "air_conditioner", "Living room", household_id="home-02", open_tickets=1, model="AC-35"
    )
    fake.add_device(
        "ac-02", "air_conditioner", "Bedroom", household_id="home-04", open_tickets=1, model="AC-26"
    )
    fake.add_device(
        "ac-03",
        "air_conditioner",
        "",
        household_id="home-05",
        online=False,
        last_seen_at=ago(hours=30),
        model="AC-26",
    )
    fridge = CATALOGUE["refrigerator"].faults
    titles = {name: fault.title for name, fault in fridge.items()}
    question = fridge["compressor_failed"].question
    assert question is not None
    fake.add_ticket(
        118,
        "fridge-02",
        "compressor_failed",
        "owner_asked",
        summary={
            "en": "Both compartments warm up and the compressor has drawn no power since 13:20.",
            "zh": "两室升温，压缩机自13:20起无功率。",
        },
        candidates=[
            CandidatePublic(cause=c, title=titles.get(c, {"en": "Unknown", "zh": "未知"}), probability=p)
            for c, p in (("compressor_failed", 0.86), ("door_ajar", 0.08), ("unknown", 0.06))
        ],
        ruled_out=[
            RuledOutPublic(
                cause="refrigerant_leak",
                title=fridge["refrigerant_leak"].title,
                reason={
                    "en": "A leak takes weeks; this took an hour, and the running time fell.",
                    "zh": "泄漏需数周，而这次仅一小时，且运行时间下降。",
                },
            ),
            RuledOutPublic(
                cause="defrost_heater_open",
                title=fridge["defrost_heater_open"].title,
                reason={
                    "en": "The evaporator is warmer than expected, not colder.",
                    "zh": "蒸发器温度高于预期，而非更低。",
                },
            ),
        ],
        evidence=[
            EvidencePublic(
                feature="fresh_food_mean",
                title=title_of("refrigerator", "fresh_food_temperature"),
                unit="°C",
                channel="fresh_food_temperature",
                observed=9.4,
                expected=4.1,
                low=2.8,
                high=5.4,
                score=6.2,
            ),
            EvidencePublic(
                feature="duty",
                title={"en": "Compressor running time", "zh": "压缩机运行占比"},
                channel="power",
                unit="",
                observed=0.0,
                expected=0.34,
                low=0.18,
                high=0.5,
                score=4.4,
            ),
        ],
        messages=[
            MessagePublic(
                id="m-1",
                audience="owner",
                kind="question",
                body=question.text,
                answers=question.answers,
                created_at=ago(minutes=25),
                sent_at=ago(minutes=25),
                deadline_at=NOW + timedelta(minutes=20),
                answer=None,
                answered_at=None,
            ),
            MessagePublic(
                id="m-2",
                audience="engineer",
                kind="ticket",
                answers={},
                created_at=ago(minutes=25),
                body={
                    "en": "Family fridge: compressor does not run (86 %). The owner is asked first.",
                    "zh": "Family fridge：压缩机不工作（86 %），先询问用户。",
                },
                sent_at=ago(minutes=25),
                deadline_at=None,
                answer=None,
                answered_at=None,
            ),
        ],
    )
    fake.add_ticket(117, "fridge-01", "door_ajar", "owner_checked", opened_at=ago(minutes=50), version=2)
    fake.add_ticket(
        112,
        "ac-02",
        "refrigerant_leak",
        "on_site",
        opened_at=ago(hours=25),
        respond_by=ago(minutes=35),
        probability=0.71,
    )
    fake.add_ticket(
        109,
        "ac-01",
        "filter_clogged",
        "planned",
        opened_at=ago(hours=30),
        assignee="engineer-1",
        visit_from=NOW + timedelta(hours=18),
        visit_until=NOW + timedelta(hours=20),
        version=3,
    )
    fake.add_ticket(101, "fridge-03", "gasket_leak", "visiting", opened_at=ago(days=2), assignee="engineer-1")
    fake.add_ticket(
        96,
        "fridge-01",
        "door_ajar",
        "closed",
        opened_at=ago(days=3),
        closed_at=ago(hours=5),
        outcome="owner_fixed",
        visit_avoided=True,
    )
    fake.campaigns["c-7"] = CampaignPublic(
        id="c-7",
        number=7,
        version=1,
        state="open",
        type="air_conditioner",
        cause="short_cycling",
        cause_title={"en": "Starts and stops too often", "zh": "启停过于频繁"},
        region="",
        firmware="1.4.2",
        model="",
        opened_at=ago(hours=5),
        opened_by="platform",
        closed_at=None,
        note="",
        members=3,
        recovered=1,
    )
    _recurring(fake)
    fake.unclaimed["fridge-99"] = UnclaimedPublic(
        id="fridge-99",
        first_seen_at=ago(hours=2),
        last_seen_at=ago(minutes=1),
        messages=118,
        sample='{"ts": 1772547600000, "values": {"fresh_food_temperature": 4.2, "power": 84}}',
        guessed_type="refrigerator",
    )
    fake.unclaimed["z2m-0x00158d"] = UnclaimedPublic(
        id="z2m-0x00158d",
        first_seen_at=ago(hours=1),
        last_seen_at=ago(minutes=2),
        messages=31,
        sample='{"topic": "zigbee2mqtt/Cellar", "readings": {"power": "84 W", "temperature": "4.1 °C"}}',
        guessed_type="refrigerator",
    )
    return fake


def _recurring(fake: FakeApi) -> None:
    """Add causes that recur across a model."""
    shared = {
        "part": {"door_gasket": 11, "": 3},
        "firmware": {"1.4.2": 9, "1.4.1": 5},
        "age": {"2": 9, "3": 4, "": 1},
        "month": {"2026-01": 4, "2026-02": 7, "2026-03": 3},
        "region": {"Qingdao": 6, "Wuhan": 5, "": 3},
    }
    parts = CATALOGUE["refrigerator"].parts
    for number, kind, model, cause, affected, devices in (
        (4, "refrigerator", "ZR-420", "gasket_leak", 14, 212),
        (6, "air_conditioner", "AC-26", "refrigerant_leak", 9, 340),
    ):
        fake.issues[f"p-{number}"] = ProductIssueDetail(
            id=f"p-{number}", number=number, version=1, state="open", type=kind,
            type_title=CATALOGUE[kind].title, model=model, cause=cause,
            cause_title=CATALOGUE[kind].faults[cause].title, since=ago(days=70), opened_at=ago(days=9),
            affected=affected, devices=devices, prevalence=affected / devices, counted_at=ago(minutes=20),
            closed_at=None, moves=["dismissed", "investigating", "mended"],
            shares=[
                IssueSharePublic(
                    dimension=dimension, value=value, affected=count,  # type: ignore[arg-type]
                    title=parts[value].title if dimension == "part" and value else {"en": value},
                )
                for dimension, values in shared.items() for value, count in values.items()
            ],
            history=[
                IssueEntryPublic(
                    version=1, time=ago(days=9), actor="platform", state="open",
                    note=f"{affected} of {devices} appliances of this model have had it repaired.",
                )
            ],
        )  # fmt: skip
