from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="AccessEventPublic")


@_attrs_define
class AccessEventPublic:
    """A line of the audit.

    Attributes:
        action (str):
        actor (str):
        detail (str):
        device_id (str):
        time (datetime.datetime):
    """

    action: str
    actor: str
    detail: str
    device_id: str
    time: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        action = self.action

        actor = self.actor

        detail = self.detail

        device_id = self.device_id

        time = self.time.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "action": action,
                "actor": actor,
                "detail": detail,
                "device_id": device_id,
                "time": time,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        action = d.pop("action")

        actor = d.pop("actor")

        detail = d.pop("detail")

        device_id = d.pop("device_id")

        time = datetime.datetime.fromisoformat(d.pop("time"))

        access_event_public = cls(
            action=action,
            actor=actor,
            detail=detail,
            device_id=device_id,
            time=time,
        )

        return access_event_public
