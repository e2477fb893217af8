from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.reading_public import ReadingPublic


T = TypeVar("T", bound="UnclaimedPublic")


@_attrs_define
class UnclaimedPublic:
    """A device that published and is nobody's yet.

    Attributes:
        first_seen_at (datetime.datetime):
        guessed_type (str):
        id (str):
        last_seen_at (datetime.datetime):
        messages (int):
        sample (str):
        readings (list[ReadingPublic] | Unset):
    """

    first_seen_at: datetime.datetime
    guessed_type: str
    id: str
    last_seen_at: datetime.datetime
    messages: int
    sample: str
    readings: list[ReadingPublic] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        first_seen_at = self.first_seen_at.isoformat()

        guessed_type = self.guessed_type

        id = self.id

        last_seen_at = self.last_seen_at.isoformat()

        messages = self.messages

        sample = self.sample

        readings: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.readings, Unset):
            readings = []
            for readings_item_data in self.readings:
                readings_item = readings_item_data.to_dict()
                readings.append(readings_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "first_seen_at": first_seen_at,
                "guessed_type": guessed_type,
                "id": id,
                "last_seen_at": last_seen_at,
                "messages": messages,
                "sample": sample,
            }
        )
        if readings is not UNSET:
            field_dict["readings"] = readings

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.reading_public import ReadingPublic  # noqa: PLC0415

        d = dict(src_dict)
        first_seen_at = datetime.datetime.fromisoformat(d.pop("first_seen_at"))

        guessed_type = d.pop("guessed_type")

        id = d.pop("id")

        last_seen_at = datetime.datetime.fromisoformat(d.pop("last_seen_at"))

        messages = d.pop("messages")

        sample = d.pop("sample")

        _readings = d.pop("readings", UNSET)
        readings: list[ReadingPublic] | Unset = UNSET
        if _readings is not UNSET:
            readings = []
            for readings_item_data in _readings:
                readings_item = ReadingPublic.from_dict(readings_item_data)

                readings.append(readings_item)

        unclaimed_public = cls(
            first_seen_at=first_seen_at,
            guessed_type=guessed_type,
            id=id,
            last_seen_at=last_seen_at,
            messages=messages,
            sample=sample,
            readings=readings,
        )

        return unclaimed_public
