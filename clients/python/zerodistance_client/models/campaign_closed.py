from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="CampaignClosed")


@_attrs_define
class CampaignClosed:
    """A campaign that was closed, and how many tickets were opened for those who still have the cause.

    Attributes:
        id (str):
        opened (int):
    """

    id: str
    opened: int

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        opened = self.opened

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "opened": opened,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        opened = d.pop("opened")

        campaign_closed = cls(
            id=id,
            opened=opened,
        )

        return campaign_closed
