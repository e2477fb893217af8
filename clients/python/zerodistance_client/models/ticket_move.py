from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.ticket_move_outcome import TicketMoveOutcome, check_ticket_move_outcome
from ..models.ticket_move_to import TicketMoveTo, check_ticket_move_to
from ..types import UNSET, Unset

T = TypeVar("T", bound="TicketMove")


@_attrs_define
class TicketMove:
    """Move a ticket. ``version`` is what the caller saw: another one by now is refused as a conflict.

    Attributes:
        to (TicketMoveTo):
        assignee (None | str | Unset):
        merge_into (None | str | Unset):
        minutes (int | None | Unset):
        note (str | Unset):  Default: ''.
        outcome (TicketMoveOutcome | Unset):  Default: ''.
        outcome_cause (str | Unset):  Default: ''.
        parts_used (list[str] | Unset):
        version (int | None | Unset): that was seen; without it send If-Match with the ETag
        visit_from (datetime.datetime | None | Unset):
        visit_until (datetime.datetime | None | Unset):
    """

    to: TicketMoveTo
    assignee: None | str | Unset = UNSET
    merge_into: None | str | Unset = UNSET
    minutes: int | None | Unset = UNSET
    note: str | Unset = ""
    outcome: TicketMoveOutcome | Unset = ""
    outcome_cause: str | Unset = ""
    parts_used: list[str] | Unset = UNSET
    version: int | None | Unset = UNSET
    visit_from: datetime.datetime | None | Unset = UNSET
    visit_until: datetime.datetime | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        to: str = self.to

        assignee: None | str | Unset
        if isinstance(self.assignee, Unset):
            assignee = UNSET
        else:
            assignee = self.assignee

        merge_into: None | str | Unset
        if isinstance(self.merge_into, Unset):
            merge_into = UNSET
        else:
            merge_into = self.merge_into

        minutes: int | None | Unset
        if isinstance(self.minutes, Unset):
            minutes = UNSET
        else:
            minutes = self.minutes

        note = self.note

        outcome: str | Unset = UNSET
        if not isinstance(self.outcome, Unset):
            outcome = self.outcome

        outcome_cause = self.outcome_cause

        parts_used: list[str] | Unset = UNSET
        if not isinstance(self.parts_used, Unset):
            parts_used = self.parts_used

        version: int | None | Unset
        if isinstance(self.version, Unset):
            version = UNSET
        else:
            version = self.version

        visit_from: None | str | Unset
        if isinstance(self.visit_from, Unset):
            visit_from = UNSET
        elif isinstance(self.visit_from, datetime.datetime):
            visit_from = self.visit_from.isoformat()
        else:
            visit_from = self.visit_from

        visit_until: None | str | Unset
        if isinstance(self.visit_until, Unset):
            visit_until = UNSET
        elif isinstance(self.visit_until, datetime.datetime):
            visit_until = self.visit_until.isoformat()
        else:
            visit_until = self.visit_until

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "to": to,
            }
        )
        if assignee is not UNSET:
            field_dict["assignee"] = assignee
        if merge_into is not UNSET:
            field_dict["merge_into"] = merge_into
        if minutes is not UNSET:
            field_dict["minutes"] = minutes
        if note is not UNSET:
            field_dict["note"] = note
        if outcome is not UNSET:
            field_dict["outcome"] = outcome
        if outcome_cause is not UNSET:
            field_dict["outcome_cause"] = outcome_cause
        if parts_used is not UNSET:
            field_dict["parts_used"] = parts_used
        if version is not UNSET:
            field_dict["version"] = version
        if visit_from is not UNSET:
            field_dict["visit_from"] = visit_from
        if visit_until is not UNSET:
            field_dict["visit_until"] = visit_until

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        to = check_ticket_move_to(d.pop("to"))

        def _parse_assignee(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        assignee = _parse_assignee(d.pop("assignee", UNSET))

        def _parse_merge_into(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        merge_into = _parse_merge_into(d.pop("merge_into", UNSET))

        def _parse_minutes(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        minutes = _parse_minutes(d.pop("minutes", UNSET))

        note = d.pop("note", UNSET)

        _outcome = d.pop("outcome", UNSET)
        outcome: TicketMoveOutcome | Unset
        if isinstance(_outcome, Unset):
            outcome = UNSET
        else:
            outcome = check_ticket_move_outcome(_outcome)

        outcome_cause = d.pop("outcome_cause", UNSET)

        parts_used = cast(list[str], d.pop("parts_used", UNSET))

        def _parse_version(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        version = _parse_version(d.pop("version", UNSET))

        def _parse_visit_from(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                visit_from_type_0 = datetime.datetime.fromisoformat(data)

                return visit_from_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        visit_from = _parse_visit_from(d.pop("visit_from", UNSET))

        def _parse_visit_until(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                visit_until_type_0 = datetime.datetime.fromisoformat(data)

                return visit_until_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        visit_until = _parse_visit_until(d.pop("visit_until", UNSET))

        ticket_move = cls(
            to=to,
            assignee=assignee,
            merge_into=merge_into,
            minutes=minutes,
            note=note,
            outcome=outcome,
            outcome_cause=outcome_cause,
            parts_used=parts_used,
            version=version,
            visit_from=visit_from,
            visit_until=visit_until,
        )

        return ticket_move
