from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="EngineerPublic")


@_attrs_define
class EngineerPublic:
    """A service engineer who can be sent; ``skills`` as the parts of the catalogue demand them.

    Attributes:
        id (str):
        name (str):
        region (str):
        skills (list[str]):
    """

    id: str
    name: str
    region: str
    skills: list[str]

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        name = self.name

        region = self.region

        skills = self.skills

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "name": name,
                "region": region,
                "skills": skills,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        name = d.pop("name")

        region = d.pop("region")

        skills = cast(list[str], d.pop("skills"))

        engineer_public = cls(
            id=id,
            name=name,
            region=region,
            skills=skills,
        )

        return engineer_public
