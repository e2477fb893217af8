from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.campaign_news_words import CampaignNewsWords


T = TypeVar("T", bound="CampaignNews")


@_attrs_define
class CampaignNews:
    """A word to the owners of all appliances in a campaign that have not recovered, by language.

    Attributes:
        words (CampaignNewsWords):
    """

    words: CampaignNewsWords

    def to_dict(self) -> dict[str, Any]:
        words = self.words.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "words": words,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.campaign_news_words import CampaignNewsWords  # noqa: PLC0415

        d = dict(src_dict)
        words = CampaignNewsWords.from_dict(d.pop("words"))

        campaign_news = cls(
            words=words,
        )

        return campaign_news
