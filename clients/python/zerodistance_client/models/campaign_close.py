from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="CampaignClose")


@_attrs_define
class CampaignClose:
    """Close a campaign: whoever still has the cause gets a ticket.

    Attributes:
        note (str | Unset):  Default: ''.
        version (int | None | Unset): that was seen; without it send If-Match with the ETag
    """

    note: str | Unset = ""
    version: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        note = self.note

        version: int | None | Unset
        if isinstance(self.version, Unset):
            version = UNSET
        else:
            version = self.version

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if note is not UNSET:
            field_dict["note"] = note
        if version is not UNSET:
            field_dict["version"] = version

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        note = d.pop("note", UNSET)

        def _parse_version(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        version = _parse_version(d.pop("version", UNSET))

        campaign_close = cls(
            note=note,
            version=version,
        )

        return campaign_close
