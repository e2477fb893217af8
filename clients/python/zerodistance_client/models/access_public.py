from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.access_event_public import AccessEventPublic
    from ..models.disabled_device import DisabledDevice


T = TypeVar("T", bound="AccessPublic")


@_attrs_define
class AccessPublic:
    """Who is out of use, and what was done lately to whose access.

    Attributes:
        disabled (list[DisabledDevice]):
        events (list[AccessEventPublic]):
    """

    disabled: list[DisabledDevice]
    events: list[AccessEventPublic]

    def to_dict(self) -> dict[str, Any]:
        disabled = []
        for disabled_item_data in self.disabled:
            disabled_item = disabled_item_data.to_dict()
            disabled.append(disabled_item)

        events = []
        for events_item_data in self.events:
            events_item = events_item_data.to_dict()
            events.append(events_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "disabled": disabled,
                "events": events,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.access_event_public import AccessEventPublic  # noqa: PLC0415
        from ..models.disabled_device import DisabledDevice  # noqa: PLC0415

        d = dict(src_dict)
        disabled = []
        _disabled = d.pop("disabled")
        for disabled_item_data in _disabled:
            disabled_item = DisabledDevice.from_dict(disabled_item_data)

            disabled.append(disabled_item)

        events = []
        _events = d.pop("events")
        for events_item_data in _events:
            events_item = AccessEventPublic.from_dict(events_item_data)

            events.append(events_item)

        access_public = cls(
            disabled=disabled,
            events=events,
        )

        return access_public
