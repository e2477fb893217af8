from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="CampaignLine")


@_attrs_define
class CampaignLine:
    """A line of a campaign's history.

    Attributes:
        actor (str):
        note (str):
        time (datetime.datetime):
        version (int):
    """

    actor: str
    note: str
    time: datetime.datetime
    version: int

    def to_dict(self) -> dict[str, Any]:
        actor = self.actor

        note = self.note

        time = self.time.isoformat()

        version = self.version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "actor": actor,
                "note": note,
                "time": time,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        actor = d.pop("actor")

        note = d.pop("note")

        time = datetime.datetime.fromisoformat(d.pop("time"))

        version = d.pop("version")

        campaign_line = cls(
            actor=actor,
            note=note,
            time=time,
            version=version,
        )

        return campaign_line
