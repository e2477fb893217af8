from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.ticket_public_moves_item import (
    TicketPublicMovesItem,
    check_ticket_public_moves_item,
)
from ..models.ticket_public_outcome import (
    TicketPublicOutcome,
    check_ticket_public_outcome,
)
from ..models.ticket_public_state import TicketPublicState, check_ticket_public_state
from ..models.ticket_public_urgency import (
    TicketPublicUrgency,
    check_ticket_public_urgency,
)
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.candidate_public import CandidatePublic
    from ..models.device_public import DevicePublic
    from ..models.evidence_public import EvidencePublic
    from ..models.history_entry import HistoryEntry
    from ..models.message_public import MessagePublic
    from ..models.ruled_out_public import RuledOutPublic
    from ..models.ticket_public_advice import TicketPublicAdvice
    from ..models.ticket_public_cause_title import TicketPublicCauseTitle
    from ..models.ticket_public_part_title import TicketPublicPartTitle
    from ..models.ticket_public_summary import TicketPublicSummary


T = TypeVar("T", bound="TicketPublic")


@_attrs_define
class TicketPublic:
    """A whole ticket. ``moves`` lists the states that it may go to now.

    Attributes:
        advice (TicketPublicAdvice):
        assignee (None | str):
        candidates (list[CandidatePublic]):
        cause (str):
        cause_title (TicketPublicCauseTitle):
        closed_at (datetime.datetime | None):
        device (DevicePublic): An appliance as lists show it.
        evidence (list[EvidencePublic]):
        history (list[HistoryEntry]):
        id (str):
        messages (list[MessagePublic]):
        minutes (int | None):
        model (str):
        moves (list[TicketPublicMovesItem]):
        number (int):
        onset_at (datetime.datetime):
        opened_at (datetime.datetime):
        origin (str):
        outcome (TicketPublicOutcome):
        outcome_cause (str):
        part (str):
        part_title (TicketPublicPartTitle):
        parts_used (list[str]):
        predicted_failure_at (datetime.datetime | None):
        probability (float):
        rating (int | None):
        resolve_by (datetime.datetime | None):
        resolved_at (datetime.datetime | None):
        respond_by (datetime.datetime | None):
        ruled_out (list[RuledOutPublic]):
        skill (str):
        state (TicketPublicState):
        summary (TicketPublicSummary):
        urgency (TicketPublicUrgency):
        version (int):
        visit_avoided (bool):
        visit_from (datetime.datetime | None):
        visit_until (datetime.datetime | None):
        campaign_id (None | str | Unset):
        escalation (int | Unset):  Default: 0.
        resolve_left_s (float | None | Unset):
        respond_left_s (float | None | Unset):
        responded_at (datetime.datetime | None | Unset):
        warranty (bool | Unset):  Default: True.
    """

    advice: TicketPublicAdvice
    assignee: None | str
    candidates: list[CandidatePublic]
    cause: str
    cause_title: TicketPublicCauseTitle
    closed_at: datetime.datetime | None
    device: DevicePublic
    evidence: list[EvidencePublic]
    history: list[HistoryEntry]
    id: str
    messages: list[MessagePublic]
    minutes: int | None
    model: str
    moves: list[TicketPublicMovesItem]
    number: int
    onset_at: datetime.datetime
    opened_at: datetime.datetime
    origin: str
    outcome: TicketPublicOutcome
    outcome_cause: str
    part: str
    part_title: TicketPublicPartTitle
    parts_used: list[str]
    predicted_failure_at: datetime.datetime | None
    probability: float
    rating: int | None
    resolve_by: datetime.datetime | None
    resolved_at: datetime.datetime | None
    respond_by: datetime.datetime | None
    ruled_out: list[RuledOutPublic]
    skill: str
    state: TicketPublicState
    summary: TicketPublicSummary
    urgency: TicketPublicUrgency
    version: int
    visit_avoided: bool
    visit_from: datetime.datetime | None
    visit_until: datetime.datetime | None
    campaign_id: None | str | Unset = UNSET
    escalation: int | Unset = 0
    resolve_left_s: float | None | Unset = UNSET
    respond_left_s: float | None | Unset = UNSET
    responded_at: datetime.datetime | None | Unset = UNSET
    warranty: bool | Unset = True

    def to_dict(self) -> dict[str, Any]:
        advice = self.advice.to_dict()

        assignee: None | str
        assignee = self.assignee

        candidates = []
        for candidates_item_data in self.candidates:
            candidates_item = candidates_item_data.to_dict()
            candidates.append(candidates_item)

        cause = self.cause

        cause_title = self.cause_title.to_dict()

        closed_at: None | str
        if isinstance(self.closed_at, datetime.datetime):
            closed_at = self.closed_at.isoformat()
        else:
            closed_at = self.closed_at

        device = self.device.to_dict()

        evidence = []
        for evidence_item_data in self.evidence:
            evidence_item = evidence_item_data.to_dict()
            evidence.append(evidence_item)

        history = []
        for history_item_data in self.history:
            history_item = history_item_data.to_dict()
            history.append(history_item)

        id = self.id

        messages = []
        for messages_item_data in self.messages:
            messages_item = messages_item_data.to_dict()
            messages.append(messages_item)

        minutes: int | None
        minutes = self.minutes

        model = self.model

        moves = []
        for moves_item_data in self.moves:
            moves_item: str = moves_item_data
            moves.append(moves_item)

        number = self.number

        onset_at = self.onset_at.isoformat()

        opened_at = self.opened_at.isoformat()

        origin = self.origin

        outcome: str = self.outcome

        outcome_cause = self.outcome_cause

        part = self.part

        part_title = self.part_title.to_dict()

        parts_used = self.parts_used

        predicted_failure_at: None | str
        if isinstance(self.predicted_failure_at, datetime.datetime):
            predicted_failure_at = self.predicted_failure_at.isoformat()
        else:
            predicted_failure_at = self.predicted_failure_at

        probability = self.probability

        rating: int | None
        rating = self.rating

        resolve_by: None | str
        if isinstance(self.resolve_by, datetime.datetime):
            resolve_by = self.resolve_by.isoformat()
        else:
            resolve_by = self.resolve_by

        resolved_at: None | str
        if isinstance(self.resolved_at, datetime.datetime):
            resolved_at = self.resolved_at.isoformat()
        else:
            resolved_at = self.resolved_at

        respond_by: None | str
        if isinstance(self.respond_by, datetime.datetime):
            respond_by = self.respond_by.isoformat()
        else:
            respond_by = self.respond_by

        ruled_out = []
        for ruled_out_item_data in self.ruled_out:
            ruled_out_item = ruled_out_item_data.to_dict()
            ruled_out.append(ruled_out_item)

        skill = self.skill

        state: str = self.state

        summary = self.summary.to_dict()

        urgency: str = self.urgency

        version = self.version

        visit_avoided = self.visit_avoided

        visit_from: None | str
        if isinstance(self.visit_from, datetime.datetime):
            visit_from = self.visit_from.isoformat()
        else:
            visit_from = self.visit_from

        visit_until: None | str
        if isinstance(self.visit_until, datetime.datetime):
            visit_until = self.visit_until.isoformat()
        else:
            visit_until = self.visit_until

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
                "advice": advice,
                "assignee": assignee,
                "candidates": candidates,
                "cause": cause,
                "cause_title": cause_title,
                "closed_at": closed_at,
                "device": device,
                "evidence": evidence,
                "history": history,
                "id": id,
                "messages": messages,
                "minutes": minutes,
                "model": model,
                "moves": moves,
                "number": number,
                "onset_at": onset_at,
                "opened_at": opened_at,
                "origin": origin,
                "outcome": outcome,
                "outcome_cause": outcome_cause,
                "part": part,
                "part_title": part_title,
                "parts_used": parts_used,
                "predicted_failure_at": predicted_failure_at,
                "probability": probability,
                "rating": rating,
                "resolve_by": resolve_by,
                "resolved_at": resolved_at,
                "respond_by": respond_by,
                "ruled_out": ruled_out,
                "skill": skill,
                "state": state,
                "summary": summary,
                "urgency": urgency,
                "version": version,
                "visit_avoided": visit_avoided,
                "visit_from": visit_from,
                "visit_until": visit_until,
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
        from ..models.candidate_public import CandidatePublic  # noqa: PLC0415
        from ..models.device_public import DevicePublic  # noqa: PLC0415
        from ..models.evidence_public import EvidencePublic  # noqa: PLC0415
        from ..models.history_entry import HistoryEntry  # noqa: PLC0415
        from ..models.message_public import MessagePublic  # noqa: PLC0415
        from ..models.ruled_out_public import RuledOutPublic  # noqa: PLC0415
        from ..models.ticket_public_advice import TicketPublicAdvice  # noqa: PLC0415
        from ..models.ticket_public_cause_title import TicketPublicCauseTitle  # noqa: PLC0415
        from ..models.ticket_public_part_title import TicketPublicPartTitle  # noqa: PLC0415
        from ..models.ticket_public_summary import TicketPublicSummary  # noqa: PLC0415

        d = dict(src_dict)
        advice = TicketPublicAdvice.from_dict(d.pop("advice"))

        def _parse_assignee(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        assignee = _parse_assignee(d.pop("assignee"))

        candidates = []
        _candidates = d.pop("candidates")
        for candidates_item_data in _candidates:
            candidates_item = CandidatePublic.from_dict(candidates_item_data)

            candidates.append(candidates_item)

        cause = d.pop("cause")

        cause_title = TicketPublicCauseTitle.from_dict(d.pop("cause_title"))

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

        evidence = []
        _evidence = d.pop("evidence")
        for evidence_item_data in _evidence:
            evidence_item = EvidencePublic.from_dict(evidence_item_data)

            evidence.append(evidence_item)

        history = []
        _history = d.pop("history")
        for history_item_data in _history:
            history_item = HistoryEntry.from_dict(history_item_data)

            history.append(history_item)

        id = d.pop("id")

        messages = []
        _messages = d.pop("messages")
        for messages_item_data in _messages:
            messages_item = MessagePublic.from_dict(messages_item_data)

            messages.append(messages_item)

        def _parse_minutes(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        minutes = _parse_minutes(d.pop("minutes"))

        model = d.pop("model")

        moves = []
        _moves = d.pop("moves")
        for moves_item_data in _moves:
            moves_item = check_ticket_public_moves_item(moves_item_data)

            moves.append(moves_item)

        number = d.pop("number")

        onset_at = datetime.datetime.fromisoformat(d.pop("onset_at"))

        opened_at = datetime.datetime.fromisoformat(d.pop("opened_at"))

        origin = d.pop("origin")

        outcome = check_ticket_public_outcome(d.pop("outcome"))

        outcome_cause = d.pop("outcome_cause")

        part = d.pop("part")

        part_title = TicketPublicPartTitle.from_dict(d.pop("part_title"))

        parts_used = cast(list[str], d.pop("parts_used"))

        def _parse_predicted_failure_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                predicted_failure_at_type_0 = datetime.datetime.fromisoformat(data)

                return predicted_failure_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        predicted_failure_at = _parse_predicted_failure_at(d.pop("predicted_failure_at"))

        probability = d.pop("probability")

        def _parse_rating(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        rating = _parse_rating(d.pop("rating"))

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

        def _parse_resolved_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                resolved_at_type_0 = datetime.datetime.fromisoformat(data)

                return resolved_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        resolved_at = _parse_resolved_at(d.pop("resolved_at"))

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

        ruled_out = []
        _ruled_out = d.pop("ruled_out")
        for ruled_out_item_data in _ruled_out:
            ruled_out_item = RuledOutPublic.from_dict(ruled_out_item_data)

            ruled_out.append(ruled_out_item)

        skill = d.pop("skill")

        state = check_ticket_public_state(d.pop("state"))

        summary = TicketPublicSummary.from_dict(d.pop("summary"))

        urgency = check_ticket_public_urgency(d.pop("urgency"))

        version = d.pop("version")

        visit_avoided = d.pop("visit_avoided")

        def _parse_visit_from(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                visit_from_type_0 = datetime.datetime.fromisoformat(data)

                return visit_from_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        visit_from = _parse_visit_from(d.pop("visit_from"))

        def _parse_visit_until(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                visit_until_type_0 = datetime.datetime.fromisoformat(data)

                return visit_until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        visit_until = _parse_visit_until(d.pop("visit_until"))

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

        ticket_public = cls(
            advice=advice,
            assignee=assignee,
            candidates=candidates,
            cause=cause,
            cause_title=cause_title,
            closed_at=closed_at,
            device=device,
            evidence=evidence,
            history=history,
            id=id,
            messages=messages,
            minutes=minutes,
            model=model,
            moves=moves,
            number=number,
            onset_at=onset_at,
            opened_at=opened_at,
            origin=origin,
            outcome=outcome,
            outcome_cause=outcome_cause,
            part=part,
            part_title=part_title,
            parts_used=parts_used,
            predicted_failure_at=predicted_failure_at,
            probability=probability,
            rating=rating,
            resolve_by=resolve_by,
            resolved_at=resolved_at,
            respond_by=respond_by,
            ruled_out=ruled_out,
            skill=skill,
            state=state,
            summary=summary,
            urgency=urgency,
            version=version,
            visit_avoided=visit_avoided,
            visit_from=visit_from,
            visit_until=visit_until,
            campaign_id=campaign_id,
            escalation=escalation,
            resolve_left_s=resolve_left_s,
            respond_left_s=respond_left_s,
            responded_at=responded_at,
            warranty=warranty,
        )

        return ticket_public
