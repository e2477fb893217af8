from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="DisabledDevice")


@_attrs_define
class DisabledDevice:
    """A device that is out of use for the time being.

    Attributes:
        device_id (str):
        reason (str):
        since (datetime.datetime):
    """

    device_id: str
    reason: str
    since: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        reason = self.reason

        since = self.since.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "device_id": device_id,
                "reason": reason,
                "since": since,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        device_id = d.pop("device_id")

        reason = d.pop("reason")

        since = datetime.datetime.fromisoformat(d.pop("since"))

        disabled_device = cls(
            device_id=device_id,
            reason=reason,
            since=since,
        )

        return disabled_device
