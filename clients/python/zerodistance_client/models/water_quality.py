from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="WaterQuality")


@_attrs_define
class WaterQuality:
    """Local water: dissolved solids and hardness (as CaCO3), both in mg/L.

    Attributes:
        tds (float):
        hardness (float | None | Unset):
        source (str | Unset):  Default: ''.
    """

    tds: float
    hardness: float | None | Unset = UNSET
    source: str | Unset = ""

    def to_dict(self) -> dict[str, Any]:
        tds = self.tds

        hardness: float | None | Unset
        if isinstance(self.hardness, Unset):
            hardness = UNSET
        else:
            hardness = self.hardness

        source = self.source

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "tds": tds,
            }
        )
        if hardness is not UNSET:
            field_dict["hardness"] = hardness
        if source is not UNSET:
            field_dict["source"] = source

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        tds = d.pop("tds")

        def _parse_hardness(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        hardness = _parse_hardness(d.pop("hardness", UNSET))

        source = d.pop("source", UNSET)

        water_quality = cls(
            tds=tds,
            hardness=hardness,
            source=source,
        )

        return water_quality
