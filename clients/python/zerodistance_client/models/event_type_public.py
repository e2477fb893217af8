from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.event_type_public_type import (
    EventTypePublicType,
    check_event_type_public_type,
)

T = TypeVar("T", bound="EventTypePublic")


@_attrs_define
class EventTypePublic:
    """Something that webhooks can tell.

    Attributes:
        title (str):
        type_ (EventTypePublicType):
    """

    title: str
    type_: EventTypePublicType

    def to_dict(self) -> dict[str, Any]:
        title = self.title

        type_: str = self.type_

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "title": title,
                "type": type_,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        title = d.pop("title")

        type_ = check_event_type_public_type(d.pop("type"))

        event_type_public = cls(
            title=title,
            type_=type_,
        )

        return event_type_public
