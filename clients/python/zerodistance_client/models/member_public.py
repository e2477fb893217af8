from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="MemberPublic")


@_attrs_define
class MemberPublic:
    """An appliance in a campaign.

    Attributes:
        device_id (str):
        device_name (str):
        firmware (str):
        joined_at (datetime.datetime):
        model (str):
        online (bool):
        recovered_at (datetime.datetime | None):
        region (str):
        ticket_id (None | str):
        ticket_number (int | None):
    """

    device_id: str
    device_name: str
    firmware: str
    joined_at: datetime.datetime
    model: str
    online: bool
    recovered_at: datetime.datetime | None
    region: str
    ticket_id: None | str
    ticket_number: int | None

    def to_dict(self) -> dict[str, Any]:
        device_id = self.device_id

        device_name = self.device_name

        firmware = self.firmware

        joined_at = self.joined_at.isoformat()

        model = self.model

        online = self.online

        recovered_at: None | str
        if isinstance(self.recovered_at, datetime.datetime):
            recovered_at = self.recovered_at.isoformat()
        else:
            recovered_at = self.recovered_at

        region = self.region

        ticket_id: None | str
        ticket_id = self.ticket_id

        ticket_number: int | None
        ticket_number = self.ticket_number

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "device_id": device_id,
                "device_name": device_name,
                "firmware": firmware,
                "joined_at": joined_at,
                "model": model,
                "online": online,
                "recovered_at": recovered_at,
                "region": region,
                "ticket_id": ticket_id,
                "ticket_number": ticket_number,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        device_id = d.pop("device_id")

        device_name = d.pop("device_name")

        firmware = d.pop("firmware")

        joined_at = datetime.datetime.fromisoformat(d.pop("joined_at"))

        model = d.pop("model")

        online = d.pop("online")

        def _parse_recovered_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                recovered_at_type_0 = datetime.datetime.fromisoformat(data)

                return recovered_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        recovered_at = _parse_recovered_at(d.pop("recovered_at"))

        region = d.pop("region")

        def _parse_ticket_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        ticket_id = _parse_ticket_id(d.pop("ticket_id"))

        def _parse_ticket_number(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        ticket_number = _parse_ticket_number(d.pop("ticket_number"))

        member_public = cls(
            device_id=device_id,
            device_name=device_name,
            firmware=firmware,
            joined_at=joined_at,
            model=model,
            online=online,
            recovered_at=recovered_at,
            region=region,
            ticket_id=ticket_id,
            ticket_number=ticket_number,
        )

        return member_public
