"""What the API says and takes for the people at the console: similar cases, members, boards, histories.

As in :mod:`services.schemas` times are RFC 3339 in UTC, and texts for people come by language.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from services.schemas import Model, Outcome, SeenVersion, Text, TicketState, Urgency
from services.service_schemas import InspectionPublic

Level = Literal["well", "watch", "act"]
EventKind = Literal["ticket", "command", "inspection", "fault", "event", "status", "access", "finding"]


class SimilarTicket(Model):
    """A finished ticket with the same cause on the same type of appliance."""

    id: str
    number: int
    device_id: str
    device_name: str
    model: str
    closed_at: datetime
    outcome: Outcome
    outcome_title: Text = Field(description="what was found; empty where nothing was")
    parts: list[Text]
    minutes: int | None
    rating: int | None


class SimilarPublic(Model):
    """What became of earlier tickets of one cause: how many, how often it was right, and the latest."""

    counted: int = Field(description="finished tickets of this cause among the latest ones looked at")
    confirmed: int = Field(description="of them, those whose cause was there")
    minutes: float | None = Field(description="at work, median of the repairs")
    items: list[SimilarTicket]


class MemberPublic(Model):
    """An appliance in a campaign."""

    device_id: str
    device_name: str
    model: str
    firmware: str
    region: str
    online: bool
    joined_at: datetime
    recovered_at: datetime | None
    ticket_id: str | None
    ticket_number: int | None


class CampaignNews(Model):
    """A word to the owners of all appliances in a campaign that have not recovered, by language."""

    version: SeenVersion = None
    words: Annotated[
        dict[Literal["en", "zh"], Annotated[str, Field(min_length=1, max_length=500)]],
        Field(min_length=1, examples=[{"en": "New software arrives tonight.", "zh": "今晚推送新软件。"}]),
    ]


class CampaignCommand(Model):
    """A command for all appliances in a campaign that have not recovered."""

    version: SeenVersion = None
    name: Annotated[str, Field(min_length=1, max_length=64, examples=["set_temperature"])]
    arguments: Annotated[dict[str, Any], Field(default_factory=dict)]
    expires_in_s: Annotated[float, Field(gt=0, le=86_400)] = 3600


class CampaignActed(Model):
    """How many members an act on all has reached, and why it could not reach the others."""

    reached: int
    left_out: dict[str, str] = Field(description="device → why")


class CampaignLine(Model):
    """A line of a campaign's history."""

    version: int
    time: datetime
    actor: str
    note: str


class BoardLeg(Model):
    """A visit in an engineer's day: what is to be done there, and whether its part is in the van."""

    ticket: str
    number: int
    state: TicketState
    urgency: Urgency
    cause_title: Text
    part_title: Text
    part_in_van: bool | None = Field(description="null: no part is needed")
    device_id: str
    device_name: str
    region: str
    km: float
    arrive: datetime
    begin: datetime
    leave: datetime
    visit_from: datetime | None
    visit_until: datetime | None


class BoardRoute(Model):
    """One engineer's day, in the order of the visits."""

    engineer: str
    name: str
    km: float
    van: list[str]
    legs: list[BoardLeg]


class BoardLeft(Model):
    """A ticket that waits for a visit and has no place in the day."""

    ticket: str
    number: int
    urgency: Urgency
    cause_title: Text
    device_name: str


class BoardPublic(Model):
    """Everybody's day, and the tickets that nobody can come to on it."""

    day: date
    routes: list[BoardRoute]
    left_out: list[BoardLeft]


class InspectionLine(InspectionPublic):
    """A measurement in the list over all appliances."""

    device_id: str
    device_name: str
    type: str
    ticket_number: int | None


class ConcernPublic(Model):
    """Something that the diagnosis sees at an appliance now."""

    cause: str
    title: Text
    probability: float
    since: datetime
    ticket_id: str | None


class HealthFile(Model):
    """How an appliance is: what the diagnosis sees now, and what has been.

    ``level``: act (something urgent is open, or it is silent), watch (something is open), well.
    """

    level: Level
    concerns: list[ConcernPublic]
    tickets_a_year: int
    visits_a_year: int
    last_inspection_at: datetime | None
    installed_at: datetime | None
    warranty_until: date | None


class TimelineEntry(Model):
    """Something that happened at an appliance."""

    time: datetime
    kind: EventKind
    title: Text
    code: str
    detail: str
    actor: str
    ticket_id: str | None
