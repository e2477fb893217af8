from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="WindowPublic")


@_attrs_define
class WindowPublic:
    """A window in which an engineer could come.

    Attributes:
        engineer (str):
        name (str):
        visit_from (datetime.datetime):
        visit_until (datetime.datetime):
    """

    engineer: str
    name: str
    visit_from: datetime.datetime
    visit_until: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        engineer = self.engineer

        name = self.name

        visit_from = self.visit_from.isoformat()

        visit_until = self.visit_until.isoformat()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "engineer": engineer,
                "name": name,
                "visit_from": visit_from,
                "visit_until": visit_until,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        engineer = d.pop("engineer")

        name = d.pop("name")

        visit_from = datetime.datetime.fromisoformat(d.pop("visit_from"))

        visit_until = datetime.datetime.fromisoformat(d.pop("visit_until"))

        window_public = cls(
            engineer=engineer,
            name=name,
            visit_from=visit_from,
            visit_until=visit_until,
        )

        return window_public
