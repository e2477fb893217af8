from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="ReadingPublic")


@_attrs_define
class ReadingPublic:
    """A reading of another maker's device.

    ``channel`` is where it goes by itself on an appliance of the guessed type; empty where its name and unit
    leave a doubt. ``channels`` are those that its unit allows.

        Attributes:
            channel (str):
            channels (list[str]):
            name (str):
            value (str):
    """

    channel: str
    channels: list[str]
    name: str
    value: str

    def to_dict(self) -> dict[str, Any]:
        channel = self.channel

        channels = self.channels

        name = self.name

        value = self.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "channel": channel,
                "channels": channels,
                "name": name,
                "value": value,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        channel = d.pop("channel")

        channels = cast(list[str], d.pop("channels"))

        name = d.pop("name")

        value = d.pop("value")

        reading_public = cls(
            channel=channel,
            channels=channels,
            name=name,
            value=value,
        )

        return reading_public
