from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.command_public import CommandPublic
    from ..models.device_detail_channels import DeviceDetailChannels
    from ..models.device_detail_commands import DeviceDetailCommands
    from ..models.device_detail_latest import DeviceDetailLatest
    from ..models.device_detail_type_title import DeviceDetailTypeTitle


T = TypeVar("T", bound="DeviceDetail")


@_attrs_define
class DeviceDetail:
    """A device page: latest readings, commands it takes, recent commands.

    Attributes:
        channels (DeviceDetailChannels):
        commands (DeviceDetailCommands):
        firmware (str):
        household_id (None | str):
        id (str):
        last_seen_at (datetime.datetime | None):
        latest (DeviceDetailLatest):
        latest_at (datetime.datetime | None):
        model (str):
        name (str):
        online (bool):
        open_tickets (int):
        owner_link (str):
        recent_commands (list[CommandPublic]):
        region (str):
        type_ (str):
        type_title (DeviceDetailTypeTitle):
        disabled_reason (str | Unset): why nothing is taken from it for the time being, or empty Default: ''.
    """

    channels: DeviceDetailChannels
    commands: DeviceDetailCommands
    firmware: str
    household_id: None | str
    id: str
    last_seen_at: datetime.datetime | None
    latest: DeviceDetailLatest
    latest_at: datetime.datetime | None
    model: str
    name: str
    online: bool
    open_tickets: int
    owner_link: str
    recent_commands: list[CommandPublic]
    region: str
    type_: str
    type_title: DeviceDetailTypeTitle
    disabled_reason: str | Unset = ""

    def to_dict(self) -> dict[str, Any]:
        channels = self.channels.to_dict()

        commands = self.commands.to_dict()

        firmware = self.firmware

        household_id: None | str
        household_id = self.household_id

        id = self.id

        last_seen_at: None | str
        if isinstance(self.last_seen_at, datetime.datetime):
            last_seen_at = self.last_seen_at.isoformat()
        else:
            last_seen_at = self.last_seen_at

        latest = self.latest.to_dict()

        latest_at: None | str
        if isinstance(self.latest_at, datetime.datetime):
            latest_at = self.latest_at.isoformat()
        else:
            latest_at = self.latest_at

        model = self.model

        name = self.name

        online = self.online

        open_tickets = self.open_tickets

        owner_link = self.owner_link

        recent_commands = []
        for recent_commands_item_data in self.recent_commands:
            recent_commands_item = recent_commands_item_data.to_dict()
            recent_commands.append(recent_commands_item)

        region = self.region

        type_ = self.type_

        type_title = self.type_title.to_dict()

        disabled_reason = self.disabled_reason

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "channels": channels,
                "commands": commands,
                "firmware": firmware,
                "household_id": household_id,
                "id": id,
                "last_seen_at": last_seen_at,
                "latest": latest,
                "latest_at": latest_at,
                "model": model,
                "name": name,
                "online": online,
                "open_tickets": open_tickets,
                "owner_link": owner_link,
                "recent_commands": recent_commands,
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
        from ..models.command_public import CommandPublic  # noqa: PLC0415
        from ..models.device_detail_channels import DeviceDetailChannels  # noqa: PLC0415
        from ..models.device_detail_commands import DeviceDetailCommands  # noqa: PLC0415
        from ..models.device_detail_latest import DeviceDetailLatest  # noqa: PLC0415
        from ..models.device_detail_type_title import DeviceDetailTypeTitle  # noqa: PLC0415

        d = dict(src_dict)
        channels = DeviceDetailChannels.from_dict(d.pop("channels"))

        commands = DeviceDetailCommands.from_dict(d.pop("commands"))

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

        latest = DeviceDetailLatest.from_dict(d.pop("latest"))

        def _parse_latest_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                latest_at_type_0 = datetime.datetime.fromisoformat(data)

                return latest_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        latest_at = _parse_latest_at(d.pop("latest_at"))

        model = d.pop("model")

        name = d.pop("name")

        online = d.pop("online")

        open_tickets = d.pop("open_tickets")

        owner_link = d.pop("owner_link")

        recent_commands = []
        _recent_commands = d.pop("recent_commands")
        for recent_commands_item_data in _recent_commands:
            recent_commands_item = CommandPublic.from_dict(recent_commands_item_data)

            recent_commands.append(recent_commands_item)

        region = d.pop("region")

        type_ = d.pop("type")

        type_title = DeviceDetailTypeTitle.from_dict(d.pop("type_title"))

        disabled_reason = d.pop("disabled_reason", UNSET)

        device_detail = cls(
            channels=channels,
            commands=commands,
            firmware=firmware,
            household_id=household_id,
            id=id,
            last_seen_at=last_seen_at,
            latest=latest,
            latest_at=latest_at,
            model=model,
            name=name,
            online=online,
            open_tickets=open_tickets,
            owner_link=owner_link,
            recent_commands=recent_commands,
            region=region,
            type_=type_,
            type_title=type_title,
            disabled_reason=disabled_reason,
        )

        return device_detail
