from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.timeline_entry_kind import TimelineEntryKind, check_timeline_entry_kind

if TYPE_CHECKING:
    from ..models.timeline_entry_title import TimelineEntryTitle


T = TypeVar("T", bound="TimelineEntry")


@_attrs_define
class TimelineEntry:
    """Something that happened at an appliance.

    Attributes:
        actor (str):
        code (str):
        detail (str):
        kind (TimelineEntryKind):
        ticket_id (None | str):
        time (datetime.datetime):
        title (TimelineEntryTitle):
    """

    actor: str
    code: str
    detail: str
    kind: TimelineEntryKind
    ticket_id: None | str
    time: datetime.datetime
    title: TimelineEntryTitle

    def to_dict(self) -> dict[str, Any]:
        actor = self.actor

        code = self.code

        detail = self.detail

        kind: str = self.kind

        ticket_id: None | str
        ticket_id = self.ticket_id

        time = self.time.isoformat()

        title = self.title.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "actor": actor,
                "code": code,
                "detail": detail,
                "kind": kind,
                "ticket_id": ticket_id,
                "time": time,
                "title": title,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.timeline_entry_title import TimelineEntryTitle  # noqa: PLC0415

        d = dict(src_dict)
        actor = d.pop("actor")

        code = d.pop("code")

        detail = d.pop("detail")

        kind = check_timeline_entry_kind(d.pop("kind"))

        def _parse_ticket_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        ticket_id = _parse_ticket_id(d.pop("ticket_id"))

        time = datetime.datetime.fromisoformat(d.pop("time"))

        title = TimelineEntryTitle.from_dict(d.pop("title"))

        timeline_entry = cls(
            actor=actor,
            code=code,
            detail=detail,
            kind=kind,
            ticket_id=ticket_id,
            time=time,
            title=title,
        )

        return timeline_entry
