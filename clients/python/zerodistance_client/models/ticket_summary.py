from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.ticket_summary_outcome import (
    TicketSummaryOutcome,
    check_ticket_summary_outcome,
)
from ..models.ticket_summary_state import TicketSummaryState, check_ticket_summary_state
from ..models.ticket_summary_urgency import (
    TicketSummaryUrgency,
    check_ticket_summary_urgency,
)
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.device_public import DevicePublic
    from ..models.ticket_summary_cause_title import TicketSummaryCauseTitle
    from ..models.ticket_summary_summary import TicketSummarySummary


T = TypeVar("T", bound="TicketSummary")


@_attrs_define
class TicketSummary:
    """A ticket as the inbox shows it, ordered by what matters.

    On hold no deadline runs: ``respond_left_s`` and ``resolve_left_s`` say how much running time is left.

        Attributes:
            assignee (None | str):
            cause (str):
            cause_title (TicketSummaryCauseTitle):
            closed_at (datetime.datetime | None):
            device (DevicePublic): An appliance as lists show it.
            id (str):
            number (int):
            onset_at (datetime.datetime):
            opened_at (datetime.datetime):
            origin (str):
            outcome (TicketSummaryOutcome):
            probability (float):
            resolve_by (datetime.datetime | None):
            respond_by (datetime.datetime | None):
            state (TicketSummaryState):
            summary (TicketSummarySummary):
            urgency (TicketSummaryUrgency):
            version (int):
            visit_avoided (bool):
            campaign_id (None | str | Unset):
            escalation (int | Unset):  Default: 0.
            resolve_left_s (float | None | Unset):
            respond_left_s (float | None | Unset):
            responded_at (datetime.datetime | None | Unset):
            warranty (bool | Unset):  Default: True.
    """

    assignee: None | str
    cause: str
    cause_title: TicketSummaryCauseTitle
    closed_at: datetime.datetime | None
    device: DevicePublic
    id: str
    number: int
    onset_at: datetime.datetime
    opened_at: datetime.datetime
    origin: str
    outcome: TicketSummaryOutcome
    probability: float
    resolve_by: datetime.datetime | None
    respond_by: datetime.datetime | None
    state: TicketSummaryState
    summary: TicketSummarySummary
    urgency: TicketSummaryUrgency
    version: int
    visit_avoided: bool
    campaign_id: None | str | Unset = UNSET
    escalation: int | Unset = 0
    resolve_left_s: float | None | Unset = UNSET
    respond_left_s: float | None | Unset = UNSET
    responded_at: datetime.datetime | None | Unset = UNSET
    warranty: bool | Unset = True

    def to_dict(self) -> dict[str, Any]:
        assignee: None | str
        assignee = self.assignee

        cause = self.cause

        cause_title = self.cause_title.to_dict()

        closed_at: None | str
        if isinstance(self.closed_at, datetime.datetime):
            closed_at = self.closed_at.isoformat()
        else:
            closed_at = self.closed_at

        device = self.device.to_dict()

        id = self.id

        number = self.number

        onset_at = self.onset_at.isoformat()

        opened_at = self.opened_at.isoformat()

        origin = self.origin

        outcome: str = self.outcome

        probability = self.probability

        resolve_by: None | str
        if isinstance(self.resolve_by, datetime.datetime):
            resolve_by = self.resolve_by.isoformat()
        else:
            resolve_by = self.resolve_by

        respond_by: None | str
        if isinstance(self.respond_by, datetime.datetime):
            respond_by = self.respond_by.isoformat()
        else:
            respond_by = self.respond_by

        state: str = self.state

        summary = self.summary.to_dict()

        urgency: str = self.urgency

        version = self.version

        visit_avoided = self.visit_avoided

        campaign_id: None | str | Unset
        if isinstance(self.campaign_id, Unset):
            campaign_id = UNSET
        else:
            campaign_id = self.campaign_id

        escalation = self.escalation

        resolve_left_s: float | None | Unset
        if isinstance(self.resolve_left_s, Unset):
            resolve_left_s = UNSET
        else:
            resolve_left_s = self.resolve_left_s

        respond_left_s: float | None | Unset
        if isinstance(self.respond_left_s, Unset):
            respond_left_s = UNSET
        else:
            respond_left_s = self.respond_left_s

        responded_at: None | str | Unset
        if isinstance(self.responded_at, Unset):
            responded_at = UNSET
        elif isinstance(self.responded_at, datetime.datetime):
            responded_at = self.responded_at.isoformat()
        else:
            responded_at = self.responded_at

        warranty = self.warranty

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "assignee": assignee,
                "cause": cause,
                "cause_title": cause_title,
                "closed_at": closed_at,
                "device": device,
                "id": id,
                "number": number,
                "onset_at": onset_at,
                "opened_at": opened_at,
                "origin": origin,
                "outcome": outcome,
                "probability": probability,
                "resolve_by": resolve_by,
                "respond_by": respond_by,
                "state": state,
                "summary": summary,
                "urgency": urgency,
                "version": version,
                "visit_avoided": visit_avoided,
            }
        )
        if campaign_id is not UNSET:
            field_dict["campaign_id"] = campaign_id
        if escalation is not UNSET:
            field_dict["escalation"] = escalation
        if resolve_left_s is not UNSET:
            field_dict["resolve_left_s"] = resolve_left_s
        if respond_left_s is not UNSET:
            field_dict["respond_left_s"] = respond_left_s
        if responded_at is not UNSET:
            field_dict["responded_at"] = responded_at
        if warranty is not UNSET:
            field_dict["warranty"] = warranty

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.device_public import DevicePublic  # noqa: PLC0415
        from ..models.ticket_summary_cause_title import TicketSummaryCauseTitle  # noqa: PLC0415
        from ..models.ticket_summary_summary import TicketSummarySummary  # noqa: PLC0415

        d = dict(src_dict)

        def _parse_assignee(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        assignee = _parse_assignee(d.pop("assignee"))

        cause = d.pop("cause")

        cause_title = TicketSummaryCauseTitle.from_dict(d.pop("cause_title"))

        def _parse_closed_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                closed_at_type_0 = datetime.datetime.fromisoformat(data)

                return closed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        closed_at = _parse_closed_at(d.pop("closed_at"))

        device = DevicePublic.from_dict(d.pop("device"))

        id = d.pop("id")

        number = d.pop("number")

        onset_at = datetime.datetime.fromisoformat(d.pop("onset_at"))

        opened_at = datetime.datetime.fromisoformat(d.pop("opened_at"))

        origin = d.pop("origin")

        outcome = check_ticket_summary_outcome(d.pop("outcome"))

        probability = d.pop("probability")

        def _parse_resolve_by(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                resolve_by_type_0 = datetime.datetime.fromisoformat(data)

                return resolve_by_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        resolve_by = _parse_resolve_by(d.pop("resolve_by"))

        def _parse_respond_by(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                respond_by_type_0 = datetime.datetime.fromisoformat(data)

                return respond_by_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        respond_by = _parse_respond_by(d.pop("respond_by"))

        state = check_ticket_summary_state(d.pop("state"))

        summary = TicketSummarySummary.from_dict(d.pop("summary"))

        urgency = check_ticket_summary_urgency(d.pop("urgency"))

        version = d.pop("version")

        visit_avoided = d.pop("visit_avoided")

        def _parse_campaign_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        campaign_id = _parse_campaign_id(d.pop("campaign_id", UNSET))

        escalation = d.pop("escalation", UNSET)

        def _parse_resolve_left_s(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        resolve_left_s = _parse_resolve_left_s(d.pop("resolve_left_s", UNSET))

        def _parse_respond_left_s(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        respond_left_s = _parse_respond_left_s(d.pop("respond_left_s", UNSET))

        def _parse_responded_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                responded_at_type_0 = datetime.datetime.fromisoformat(data)

                return responded_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        responded_at = _parse_responded_at(d.pop("responded_at", UNSET))

        warranty = d.pop("warranty", UNSET)

        ticket_summary = cls(
            assignee=assignee,
            cause=cause,
            cause_title=cause_title,
            closed_at=closed_at,
            device=device,
            id=id,
            number=number,
            onset_at=onset_at,
            opened_at=opened_at,
            origin=origin,
            outcome=outcome,
            probability=probability,
            resolve_by=resolve_by,
            respond_by=respond_by,
            state=state,
            summary=summary,
            urgency=urgency,
            version=version,
            visit_avoided=visit_avoided,
            campaign_id=campaign_id,
            escalation=escalation,
            resolve_left_s=resolve_left_s,
            respond_left_s=respond_left_s,
            responded_at=responded_at,
            warranty=warranty,
        )

        return ticket_summary
