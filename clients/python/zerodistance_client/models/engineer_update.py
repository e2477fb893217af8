from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="EngineerUpdate")


@_attrs_define
class EngineerUpdate:
    """What is known of a service engineer.

    Attributes:
        name (str):
        region (str | Unset):  Default: ''.
        skills (list[str] | Unset):
    """

    name: str
    region: str | Unset = ""
    skills: list[str] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        region = self.region

        skills: list[str] | Unset = UNSET
        if not isinstance(self.skills, Unset):
            skills = self.skills

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
            }
        )
        if region is not UNSET:
            field_dict["region"] = region
        if skills is not UNSET:
            field_dict["skills"] = skills

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        region = d.pop("region", UNSET)

        skills = cast(list[str], d.pop("skills", UNSET))

        engineer_update = cls(
            name=name,
            region=region,
            skills=skills,
        )

        return engineer_update
