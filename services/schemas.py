"""What the API says and takes: one place, so that console, owner's page and clients agree.

Times are RFC 3339, UTC. Texts for people come by language (``{"en": …, "zh": …}``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = dict[str, str]
TicketState = Literal[
    "owner_asked", "owner_checked", "unanswered", "recovered", "remote", "on_site", "planned", "visiting",
    "resolved", "verified", "confirmed", "on_hold", "closed", "cancelled", "merged",
]  # fmt: skip
Urgency = Literal["urgent", "soon", "routine"]
Outcome = Literal["", "confirmed", "other_fault", "no_fault_found", "owner_fixed", "recovered", "cancelled"]


class Model(BaseModel):
    """Base: unknown fields of a request are an error, not silence."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """RFC 9457 problem document; ``code`` is the stable code of the error tree."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    version: int | None = Field(None, description="with 409 and 412: the version that stands")
    changes: list[ChangeTold] | None = Field(None, description="with them: what others changed meanwhile")


class ChangeTold(BaseModel):
    """What somebody else changed since the version that the caller saw."""

    version: int
    time: datetime
    actor: str
    from_state: str | None
    to_state: str
    note: str
    changed: list[str] = Field(description="names of the fields that changed")


class EvidencePublic(Model):
    """One feature that is not as expected."""

    feature: str
    title: Text
    channel: str
    unit: str
    observed: float
    expected: float
    low: float
    high: float
    score: float


class CandidatePublic(Model):
    """A possible cause."""

    cause: str
    title: Text
    probability: float


class RuledOutPublic(Model):
    """A cause that the evidence speaks against."""

    cause: str
    title: Text
    reason: Text


class DevicePublic(Model):
    """An appliance as lists show it."""

    id: str
    type: str
    type_title: Text
    name: str
    model: str
    firmware: str
    household_id: str | None
    region: str
    online: bool
    last_seen_at: datetime | None
    open_tickets: int
    disabled_reason: str = Field("", description="why nothing is taken from it for the time being, or empty")


class TicketSummary(Model):
    """A ticket as the inbox shows it, ordered by what matters.

    On hold no deadline runs: ``respond_left_s`` and ``resolve_left_s`` say how much running time is left.
    """

    id: str
    number: int
    version: int
    state: TicketState
    origin: str
    cause: str
    cause_title: Text
    probability: float
    urgency: Urgency
    summary: Text
    device: DevicePublic
    assignee: str | None
    respond_by: datetime | None
    resolve_by: datetime | None
    onset_at: datetime
    opened_at: datetime
    closed_at: datetime | None
    outcome: Outcome
    visit_avoided: bool
    respond_left_s: float | None = None
    resolve_left_s: float | None = None
    responded_at: datetime | None = None
    escalation: int = 0
    warranty: bool = True
    campaign_id: str | None = None


class HistoryEntry(Model):
    """Who did what, when and why. Append-only."""

    version: int
    time: datetime
    actor: str
    from_state: TicketState | None
    to_state: TicketState
    note: str


class MessagePublic(Model):
    """A message to the owner or the engineer, with the moment it was sent and the answer."""

    id: str
    audience: Literal["owner", "engineer", "dispatcher"]
    kind: str
    body: Text
    answers: dict[str, Text]
    created_at: datetime
    sent_at: datetime | None
    deadline_at: datetime | None
    answer: str | None
    answered_at: datetime | None
    ticket_id: str | None = None
    device_id: str | None = None


class TicketPublic(TicketSummary):
    """A whole ticket. ``moves`` lists the states that it may go to now."""

    part: str
    part_title: Text
    skill: str
    advice: Text
    candidates: list[CandidatePublic]
    ruled_out: list[RuledOutPublic]
    evidence: list[EvidencePublic]
    model: str
    predicted_failure_at: datetime | None
    visit_from: datetime | None
    visit_until: datetime | None
    resolved_at: datetime | None
    outcome_cause: str
    parts_used: list[str]
    minutes: int | None
    rating: int | None
    history: list[HistoryEntry]
    messages: list[MessagePublic]
    moves: list[TicketState]


class TicketPage(Model):
    """A page of tickets; pass ``next`` as ``cursor`` to go on."""

    items: list[TicketSummary]
    next: str | None


SeenVersion = Annotated[
    int | None, Field(description="that was seen; without it send If-Match with the ETag", examples=[3])
]


class TicketMove(Model):
    """Move a ticket. ``version`` is what the caller saw: another one by now is refused as a conflict."""

    version: SeenVersion = None
    to: TicketState
    note: Annotated[str, Field(max_length=2000)] = ""
    assignee: str | None = None
    visit_from: datetime | None = None
    visit_until: datetime | None = None
    outcome: Outcome = ""
    outcome_cause: str = ""
    parts_used: list[str] = []
    minutes: Annotated[int, Field(ge=0, le=10_000)] | None = None
    merge_into: str | None = None


class EngineerUpdate(Model):
    """What is known of a service engineer."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    region: Annotated[str, Field(max_length=200)] = ""
    skills: Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=50)] = []


class EngineerPublic(Model):
    """A service engineer who can be sent; ``skills`` as the parts of the catalogue demand them."""

    id: str
    name: str
    region: str
    skills: list[str]


class RatingCreate(Model):
    """The owner's rating of a service: 5 is best. ``scores`` are of single aspects, as far as given."""

    rating: Annotated[int, Field(ge=1, le=5)]
    scores: dict[Literal["punctuality", "skill", "manner", "result"], Annotated[int, Field(ge=1, le=5)]] = {}


class RatingPublic(Model):
    """A rating that was taken."""

    ticket: str
    rating: int


class Health(Model):
    """Whether this process can do its work."""

    status: Literal["ok"]
    now: datetime
    version: str


class Series(Model):
    """One channel over time with the band in which a healthy appliance is expected.

    ``low`` and ``high`` are empty where no band is known. ``onset_at`` marks the incident.
    """

    channel: str
    title: Text
    unit: str
    time: list[datetime]
    observed: list[float | None]
    expected: list[float | None]
    low: list[float | None]
    high: list[float | None]
    onset_at: datetime | None = None


class EvidencePlot(Model):
    """The series behind a ticket, most telling first."""

    ticket: str
    series: list[Series]


class CommandCreate(Model):
    """Tell an appliance to do something."""

    name: str
    arguments: dict[str, Any] = {}
    expires_in_s: Annotated[float, Field(gt=0, le=86_400)] = 300


class CommandPublic(Model):
    """A command and what became of it."""

    id: str
    device_id: str
    name: str
    title: Text
    arguments: dict[str, Any]
    state: Literal["awaiting_consent", "queued", "sent", "done", "refused", "failed", "expired", "declined"]
    requested_by: str
    reason: str
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    finished_at: datetime | None


class DeviceDetail(DevicePublic):
    """A device page: latest readings, commands it takes, recent commands."""

    latest: dict[str, float | None]
    latest_at: datetime | None
    channels: dict[str, ChannelPublic]
    commands: dict[str, CommandDescription]
    recent_commands: list[CommandPublic]
    owner_link: str


class ChannelPublic(Model):
    """What a reading means."""

    title: Text
    unit: str
    normal: tuple[float, float] | None


class CommandDescription(Model):
    """A command that the appliance takes; arguments as the catalogue has them."""

    title: Text
    consent: bool
    arguments: dict[str, dict[str, Any]]


class DevicePage(Model):
    """A page of devices."""

    items: list[DevicePublic]
    next: str | None


class ReadingPublic(Model):
    """A reading of another maker's device.

    ``channel`` is where it goes by itself on an appliance of the guessed type; empty where its name and unit
    leave a doubt. ``channels`` are those that its unit allows.
    """

    name: str
    value: str
    channel: str
    channels: list[str]


class UnclaimedPublic(Model):
    """A device that published and is nobody's yet."""

    id: str
    first_seen_at: datetime
    last_seen_at: datetime
    messages: int
    sample: str
    guessed_type: str
    readings: list[ReadingPublic] = []


class DeviceClaim(Model):
    """Adopt a device that waits; its dead letters are replayed.

    ``mapping`` says for readings of another maker's device which channel they are; an empty channel: not
    wanted. What is not named is placed by its name and unit where these leave no doubt.
    """

    type: str
    household_id: str | None = None
    name: str = ""
    model: str = ""
    mapping: Annotated[
        dict[Annotated[str, Field(min_length=1, max_length=64)], Annotated[str, Field(max_length=48)]],
        Field(max_length=100, examples=[{"temperature": "freezer_temperature", "linkquality": ""}]),
    ] = {}


class AnswerCreate(Model):
    """The owner's answer to a question: one of the message's answer keys."""

    answer: str


class InsightPublic(Model):
    """Something about how an appliance is used, with what to do about it."""

    id: str
    device_id: str
    kind: str
    day: str
    body: Text
    figures: dict[str, Any]


class Overview(Model):
    """The figures on top of the console."""

    devices: int
    online: int
    open_tickets: int
    owner_asked: int
    overdue: int
    closed_today: int
    visits_avoided: int
    proactive_share: float | None
    notification_skew_ms: float | None
    now: datetime
