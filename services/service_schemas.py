"""What the API says and takes of the service desk: campaigns, inspections, dispatch, scenarios.

As in :mod:`services.schemas` times are RFC 3339 in UTC, and texts for people come by language.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from services.schemas import CommandPublic, Model, SeenVersion, Text, Urgency


class CampaignPublic(Model):
    """A cause common to a region, a firmware or a model."""

    id: str
    number: int
    version: int
    state: str
    type: str
    cause: str
    cause_title: Text
    region: str
    firmware: str
    model: str
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None
    note: str
    members: int
    recovered: int


class CampaignClose(Model):
    """Close a campaign: whoever still has the cause gets a ticket."""

    version: SeenVersion = None
    note: Annotated[str, Field(max_length=2000, examples=["Firmware 2.2 is out."])] = ""


class CampaignClosed(Model):
    """A campaign that was closed, and how many tickets were opened for those who still have the cause."""

    id: str
    opened: int


class InspectionCreate(Model):
    """What a technician measured; outside ``low`` to ``high`` it opens a ticket where there is none."""

    quantity: Annotated[str, Field(min_length=1, max_length=100, examples=["heater resistance"])]
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    unit: Annotated[str, Field(max_length=20, examples=["Ω"])] = ""
    low: Annotated[float, Field(allow_inf_nan=False)] | None = None
    high: Annotated[float, Field(allow_inf_nan=False)] | None = None
    note: Annotated[str, Field(max_length=2000)] = ""
    cause: Annotated[str, Field(max_length=64)] = "unknown"
    urgency: Urgency = "soon"

    @model_validator(mode="after")
    def _can_be_kept(self) -> InspectionCreate:
        """Refuse what the table refuses: a range upside down, and a measurement that says nothing."""
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("low must not be above high")
        if self.value is None and not self.note.strip():
            raise ValueError("give a value, or say in a note what was seen")
        return self


class InspectionPublic(Model):
    """A measurement as it is kept: a row of the table ``inspection``."""

    id: str
    time: datetime
    actor: str
    quantity: str
    value: float | None
    unit: str
    low: float | None
    high: float | None
    note: str
    ticket_id: str | None


class WindowPublic(Model):
    """A window in which an engineer could come."""

    engineer: str
    name: str
    visit_from: datetime
    visit_until: datetime


class LegPublic(Model):
    """A visit of a day's plan: kilometres to it, arrival, begin and end."""

    ticket: str
    km: float
    arrive: datetime
    begin: datetime
    leave: datetime


class RoutePublic(Model):
    """One engineer's day."""

    engineer: str
    km: float
    legs: list[LegPublic]


class DayPlanPublic(Model):
    """Everybody's day, and tickets that nobody can come to on it."""

    day: date
    routes: list[RoutePublic]
    left_out: list[str]


class ItemPublic(Model):
    """Something in a refrigerator."""

    item: str
    quantity: float
    best_before: date | None


class CyclePublic(Model):
    """A programme as it was run; null where the appliance did not tell.

    ``minutes``: how long; ``litres`` of water and ``kwh`` of electricity that it took; ``intensity``,
    ``temperature`` (°C) and ``spin`` (rpm) as its owner set them; ``completed``: it ran to its end.
    """

    ended_at: datetime
    programme: str
    minutes: float | None
    litres: float | None
    kwh: float | None
    intensity: str
    temperature: float | None
    spin: float | None
    completed: bool


class FilterPublic(Model):
    """How long a filter lasts at the local water and this home's use."""

    part: str
    title: Text
    litres_left: float
    litres_a_day: float
    replace_on: datetime | None
    share_left: float


class WaterQuality(Model):
    """Local water: dissolved solids and hardness (as CaCO3), both in mg/L."""

    tds: Annotated[float, Field(ge=0, le=100_000, examples=[420])]
    hardness: Annotated[float, Field(ge=0, le=10_000)] | None = None
    source: Annotated[str, Field(max_length=200)] = ""


class ReportCreate(Model):
    """What an owner says is wrong."""

    words: Annotated[str, Field(min_length=1, max_length=1000, examples=["It hums at night."])]


class ReportPublic(Model):
    """The ticket that an owner's report opened or joined."""

    ticket: str
    number: int


class OwnerCommandCreate(Model):
    """What an owner tells an appliance to do: the owner's own wish is the consent."""

    name: str
    arguments: Annotated[dict[str, Any], Field(default_factory=dict)]
    expires_in_s: Annotated[float, Field(gt=0, le=86_400)] = 300


class Remote(Model):
    """Desired against reported state of an appliance, by channel, and its latest commands."""

    device: str
    online: bool
    desired: dict[str, Any]
    reported: dict[str, float | bool | None]
    reported_at: datetime | None
    commands: list[CommandPublic]


class EngineerFiguresPublic(Model):
    """How an engineer is judged by owners and by what came after; null where nothing is known.

    ``visits``: tickets resolved; ``ratings``: how many of them were rated.
    """

    id: str
    name: str
    visits: int
    ratings: int
    minutes: float | None
    satisfaction: float | None
    first_time_fix: float | None
    sla_kept: float | None


class FiguresPublic(Model):
    """Figures over the tickets opened since some day; shares are 0 to 1, null where nothing counts.

    * ``tickets``: opened, without those that became part of another or of a campaign.
    * ``proactive_share``: of them, those that no person had to report.
    * ``precision``: of the platform's tickets on which somebody looked, those whose cause was there:
      confirmed by an engineer, or put right by the owner. What recovered by itself says nothing.
    * ``false_per_device_year``: visits of the platform's making that found nothing.
    * ``lead_time_days``: median from the opening of a predicted, confirmed ticket to the predicted failure.
    * ``first_time_fix``: of repairs, those done in one visit that were needed only once.
    * ``sla_kept``: of resolved tickets, those responded to and resolved in time.
    * ``satisfaction``: index 0 to 100.
    * ``visits_avoided``: closed without a visit by somebody's doing: an owner who was asked, or a command.
    * ``money_saved``: ``visits_avoided`` times the assumed cost of a visit.
    * ``cost_per_ticket``: visits to all tickets times that cost, over the tickets; parts are not in it.
    * ``availability``: share of device time without an urgent incident, from its onset until dealt with.
    """

    since: datetime
    tickets: int
    proactive_share: float | None
    precision: float | None
    false_per_device_year: float | None
    lead_time_days: float | None
    first_time_fix: float | None
    sla_kept: float | None
    satisfaction: float | None
    ratings: int
    visits_avoided: int
    money_saved: float
    currency: str
    cost_of_visit: float
    cost_per_ticket: float | None = None
    availability: float | None = None
    engineers: list[EngineerFiguresPublic]


class ProductIssuePublic(Model):
    """A cause that recurs across a model: ``affected`` of its ``devices`` in use had it repaired."""

    id: str
    number: int
    version: int
    state: Literal["open", "investigating", "mended", "dismissed"]
    type: str
    type_title: Text
    model: str
    cause: str
    cause_title: Text
    since: datetime
    opened_at: datetime
    affected: int
    devices: int
    prevalence: float
    counted_at: datetime
    closed_at: datetime | None
    moves: list[str]


class IssueSharePublic(Model):
    """How many affected appliances share something at their first repair.

    ``part``: replaced, empty for none; ``age``: whole years in use, empty where that is not known.
    """

    dimension: Literal["region", "firmware", "part", "month", "age"]
    value: str
    title: Text
    affected: int


class IssueRepairPublic(Model):
    """A confirmed repair behind an issue; ``cause``: what it was thought to be before somebody looked."""

    ticket_id: str
    number: int
    device_id: str
    device_name: str
    firmware: str
    region: str
    resolved_at: datetime
    cause: str
    cause_title: Text
    parts: list[Text]
    minutes: int | None


class IssueEntryPublic(Model):
    """A line of an issue's history."""

    version: int
    time: datetime
    actor: str
    state: str
    note: str


class ProductIssueDetail(ProductIssuePublic):
    """A product issue with what its appliances have in common, and its history."""

    shares: list[IssueSharePublic]
    history: list[IssueEntryPublic]


class ProductIssueMove(Model):
    """Move an issue from the version that was seen; a note says what was found when it is closed."""

    version: SeenVersion = None
    to: Literal["open", "investigating", "mended", "dismissed"]
    note: Annotated[str, Field(max_length=2000)] = ""
