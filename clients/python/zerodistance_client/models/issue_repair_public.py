from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.issue_repair_public_cause_title import IssueRepairPublicCauseTitle
    from ..models.issue_repair_public_parts_item import IssueRepairPublicPartsItem


T = TypeVar("T", bound="IssueRepairPublic")


@_attrs_define
class IssueRepairPublic:
    """A confirmed repair behind an issue; ``cause``: what it was thought to be before somebody looked.

    Attributes:
        cause (str):
        cause_title (IssueRepairPublicCauseTitle):
        device_id (str):
        device_name (str):
        firmware (str):
        minutes (int | None):
        number (int):
        parts (list[IssueRepairPublicPartsItem]):
        region (str):
        resolved_at (datetime.datetime):
        ticket_id (str):
    """

    cause: str
    cause_title: IssueRepairPublicCauseTitle
    device_id: str
    device_name: str
    firmware: str
    minutes: int | None
    number: int
    parts: list[IssueRepairPublicPartsItem]
    region: str
    resolved_at: datetime.datetime
    ticket_id: str

    def to_dict(self) -> dict[str, Any]:
        cause = self.cause

        cause_title = self.cause_title.to_dict()

        device_id = self.device_id

        device_name = self.device_name

        firmware = self.firmware

        minutes: int | None
        minutes = self.minutes

        number = self.number

        parts = []
        for parts_item_data in self.parts:
            parts_item = parts_item_data.to_dict()
            parts.append(parts_item)

        region = self.region

        resolved_at = self.resolved_at.isoformat()

        ticket_id = self.ticket_id

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "cause": cause,
                "cause_title": cause_title,
                "device_id": device_id,
                "device_name": device_name,
                "firmware": firmware,
                "minutes": minutes,
                "number": number,
                "parts": parts,
                "region": region,
                "resolved_at": resolved_at,
                "ticket_id": ticket_id,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.issue_repair_public_cause_title import IssueRepairPublicCauseTitle  # noqa: PLC0415
        from ..models.issue_repair_public_parts_item import IssueRepairPublicPartsItem  # noqa: PLC0415

        d = dict(src_dict)
        cause = d.pop("cause")

        cause_title = IssueRepairPublicCauseTitle.from_dict(d.pop("cause_title"))

        device_id = d.pop("device_id")

        device_name = d.pop("device_name")

        firmware = d.pop("firmware")

        def _parse_minutes(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        minutes = _parse_minutes(d.pop("minutes"))

        number = d.pop("number")

        parts = []
        _parts = d.pop("parts")
        for parts_item_data in _parts:
            parts_item = IssueRepairPublicPartsItem.from_dict(parts_item_data)

            parts.append(parts_item)

        region = d.pop("region")

        resolved_at = datetime.datetime.fromisoformat(d.pop("resolved_at"))

        ticket_id = d.pop("ticket_id")

        issue_repair_public = cls(
            cause=cause,
            cause_title=cause_title,
            device_id=device_id,
            device_name=device_name,
            firmware=firmware,
            minutes=minutes,
            number=number,
            parts=parts,
            region=region,
            resolved_at=resolved_at,
            ticket_id=ticket_id,
        )

        return issue_repair_public
