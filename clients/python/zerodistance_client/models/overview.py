from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="Overview")


@_attrs_define
class Overview:
    """The figures on top of the console.

    Attributes:
        closed_today (int):
        devices (int):
        notification_skew_ms (float | None):
        now (datetime.datetime):
        online (int):
        open_tickets (int):
        overdue (int):
        owner_asked (int):
        proactive_share (float | None):
        visits_avoided (int):
    """

    closed_today: int
    devices: int
    notification_skew_ms: float | None
    now: datetime.datetime
    online: int
    open_tickets: int
    overdue: int
    owner_asked: int
    proactive_share: float | None
    visits_avoided: int

    def to_dict(self) -> dict[str, Any]:
        closed_today = self.closed_today

        devices = self.devices

        notification_skew_ms: float | None
        notification_skew_ms = self.notification_skew_ms

        now = self.now.isoformat()

        online = self.online

        open_tickets = self.open_tickets

        overdue = self.overdue

        owner_asked = self.owner_asked

        proactive_share: float | None
        proactive_share = self.proactive_share

        visits_avoided = self.visits_avoided

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "closed_today": closed_today,
                "devices": devices,
                "notification_skew_ms": notification_skew_ms,
                "now": now,
                "online": online,
                "open_tickets": open_tickets,
                "overdue": overdue,
                "owner_asked": owner_asked,
                "proactive_share": proactive_share,
                "visits_avoided": visits_avoided,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        closed_today = d.pop("closed_today")

        devices = d.pop("devices")

        def _parse_notification_skew_ms(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        notification_skew_ms = _parse_notification_skew_ms(d.pop("notification_skew_ms"))

        now = datetime.datetime.fromisoformat(d.pop("now"))

        online = d.pop("online")

        open_tickets = d.pop("open_tickets")

        overdue = d.pop("overdue")

        owner_asked = d.pop("owner_asked")

        def _parse_proactive_share(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        proactive_share = _parse_proactive_share(d.pop("proactive_share"))

        visits_avoided = d.pop("visits_avoided")

        overview = cls(
            closed_today=closed_today,
            devices=devices,
            notification_skew_ms=notification_skew_ms,
            now=now,
            online=online,
            open_tickets=open_tickets,
            overdue=overdue,
            owner_asked=owner_asked,
            proactive_share=proactive_share,
            visits_avoided=visits_avoided,
        )

        return overview
