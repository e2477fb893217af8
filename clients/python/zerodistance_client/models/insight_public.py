from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.insight_public_body import InsightPublicBody
    from ..models.insight_public_figures import InsightPublicFigures


T = TypeVar("T", bound="InsightPublic")


@_attrs_define
class InsightPublic:
    """Something about how an appliance is used, with what to do about it.

    Attributes:
        body (InsightPublicBody):
        day (str):
        device_id (str):
        figures (InsightPublicFigures):
        id (str):
        kind (str):
    """

    body: InsightPublicBody
    day: str
    device_id: str
    figures: InsightPublicFigures
    id: str
    kind: str

    def to_dict(self) -> dict[str, Any]:
        body = self.body.to_dict()

        day = self.day

        device_id = self.device_id

        figures = self.figures.to_dict()

        id = self.id

        kind = self.kind

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "body": body,
                "day": day,
                "device_id": device_id,
                "figures": figures,
                "id": id,
                "kind": kind,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.insight_public_body import InsightPublicBody  # noqa: PLC0415
        from ..models.insight_public_figures import InsightPublicFigures  # noqa: PLC0415

        d = dict(src_dict)
        body = InsightPublicBody.from_dict(d.pop("body"))

        day = d.pop("day")

        device_id = d.pop("device_id")

        figures = InsightPublicFigures.from_dict(d.pop("figures"))

        id = d.pop("id")

        kind = d.pop("kind")

        insight_public = cls(
            body=body,
            day=day,
            device_id=device_id,
            figures=figures,
            id=id,
            kind=kind,
        )

        return insight_public
