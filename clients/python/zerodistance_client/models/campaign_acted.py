from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.campaign_acted_left_out import CampaignActedLeftOut


T = TypeVar("T", bound="CampaignActed")


@_attrs_define
class CampaignActed:
    """How many members an act on all has reached, and why it could not reach the others.

    Attributes:
        left_out (CampaignActedLeftOut): device → why
        reached (int):
    """

    left_out: CampaignActedLeftOut
    reached: int

    def to_dict(self) -> dict[str, Any]:
        left_out = self.left_out.to_dict()

        reached = self.reached

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "left_out": left_out,
                "reached": reached,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.campaign_acted_left_out import CampaignActedLeftOut  # noqa: PLC0415

        d = dict(src_dict)
        left_out = CampaignActedLeftOut.from_dict(d.pop("left_out"))

        reached = d.pop("reached")

        campaign_acted = cls(
            left_out=left_out,
            reached=reached,
        )

        return campaign_acted
