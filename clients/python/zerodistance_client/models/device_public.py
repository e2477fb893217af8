from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.device_public_type_title import DevicePublicTypeTitle


T = TypeVar("T", bound="DevicePublic")


@_attrs_define
class DevicePublic:
    """An appliance as lists show it.

    Attributes:
        firmware (str):
        household_id (None | str):
        id (str):
        last_seen_at (datetime.datetime | None):
        model (str):
        name (str):
        online (bool):
        open_tickets (int):
        region (str):
        type_ (str):
        type_title (DevicePublicTypeTitle):
        disabled_reason (str | Unset): why nothing is taken from it for the time being, or empty Default: ''.
    """

    firmware: str
    household_id: None | str
    id: str
    last_seen_at: datetime.datetime | None
    model: str
    name: str
    online: bool
    open_tickets: int
    region: str
    type_: str
    type_title: DevicePublicTypeTitle
    disabled_reason: str | Unset = ""

    def to_dict(self) -> dict[str, Any]:
        firmware = self.firmware

        household_id: None | str
        household_id = self.household_id

        id = self.id

        last_seen_at: None | str
        if isinstance(self.last_seen_at, datetime.datetime):
            last_seen_at = self.last_seen_at.isoformat()
        else:
            last_seen_at = self.last_seen_at

        model = self.model

        name = self.name

        online = self.online

        open_tickets = self.open_tickets

        region = self.region

        type_ = self.type_

        type_title = self.type_title.to_dict()

        disabled_reason = self.disabled_reason

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "firmware": firmware,
                "household_id": household_id,
                "id": id,
                "last_seen_at": last_seen_at,
                "model": model,
                "name": name,
                "online": online,
                "open_tickets": open_tickets,
                "region": region,
                "type": type_,
                "type_title": type_title,
            }
        )
        if disabled_reason is not UNSET:
            field_dict["disabled_reason"] = disabled_reason

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.device_public_type_title import DevicePublicTypeTitle  # noqa: PLC0415

        d = dict(src_dict)
        firmware = d.pop("firmware")

        def _parse_household_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        household_id = _parse_household_id(d.pop("household_id"))

        id = d.pop("id")

        def _parse_last_seen_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_seen_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_seen_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        last_seen_at = _parse_last_seen_at(d.pop("last_seen_at"))

        model = d.pop("model")

        name = d.pop("name")

        online = d.pop("online")

        open_tickets = d.pop("open_tickets")

        region = d.pop("region")

        type_ = d.pop("type")

        type_title = DevicePublicTypeTitle.from_dict(d.pop("type_title"))

        disabled_reason = d.pop("disabled_reason", UNSET)

        device_public = cls(
            firmware=firmware,
            household_id=household_id,
            id=id,
            last_seen_at=last_seen_at,
            model=model,
            name=name,
            online=online,
            open_tickets=open_tickets,
            region=region,
            type_=type_,
            type_title=type_title,
            disabled_reason=disabled_reason,
        )

        return device_public
