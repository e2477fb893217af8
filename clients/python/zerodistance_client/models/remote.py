from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.command_public import CommandPublic
    from ..models.remote_desired import RemoteDesired
    from ..models.remote_reported import RemoteReported


T = TypeVar("T", bound="Remote")


@_attrs_define
class Remote:
    """Desired against reported state of an appliance, by channel, and its latest commands.

    Attributes:
        commands (list[CommandPublic]):
        desired (RemoteDesired):
        device (str):
        online (bool):
        reported (RemoteReported):
        reported_at (datetime.datetime | None):
    """

    commands: list[CommandPublic]
    desired: RemoteDesired
    device: str
    online: bool
    reported: RemoteReported
    reported_at: datetime.datetime | None

    def to_dict(self) -> dict[str, Any]:
        commands = []
        for commands_item_data in self.commands:
            commands_item = commands_item_data.to_dict()
            commands.append(commands_item)

        desired = self.desired.to_dict()

        device = self.device

        online = self.online

        reported = self.reported.to_dict()

        reported_at: None | str
        if isinstance(self.reported_at, datetime.datetime):
            reported_at = self.reported_at.isoformat()
        else:
            reported_at = self.reported_at

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "commands": commands,
                "desired": desired,
                "device": device,
                "online": online,
                "reported": reported,
                "reported_at": reported_at,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.command_public import CommandPublic  # noqa: PLC0415
        from ..models.remote_desired import RemoteDesired  # noqa: PLC0415
        from ..models.remote_reported import RemoteReported  # noqa: PLC0415

        d = dict(src_dict)
        commands = []
        _commands = d.pop("commands")
        for commands_item_data in _commands:
            commands_item = CommandPublic.from_dict(commands_item_data)

            commands.append(commands_item)

        desired = RemoteDesired.from_dict(d.pop("desired"))

        device = d.pop("device")

        online = d.pop("online")

        reported = RemoteReported.from_dict(d.pop("reported"))

        def _parse_reported_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                reported_at_type_0 = datetime.datetime.fromisoformat(data)

                return reported_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        reported_at = _parse_reported_at(d.pop("reported_at"))

        remote = cls(
            commands=commands,
            desired=desired,
            device=device,
            online=online,
            reported=reported,
            reported_at=reported_at,
        )

        return remote
