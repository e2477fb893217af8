from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.campaign_news_words import CampaignNewsWords


T = TypeVar("T", bound="CampaignNews")


@_attrs_define
class CampaignNews:
    """A word to the owners of all appliances in a campaign that have not recovered, by language.

    Attributes:
        words (CampaignNewsWords):
        version (int | None | Unset): that was seen; without it send If-Match with the ETag
    """

    words: CampaignNewsWords
    version: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        words = self.words.to_dict()

        version: int | None | Unset
        if isinstance(self.version, Unset):
            version = UNSET
        else:
            version = self.version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "words": words,
            }
        )
        if version is not UNSET:
            field_dict["version"] = version

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.campaign_news_words import CampaignNewsWords  # noqa: PLC0415

        d = dict(src_dict)
        words = CampaignNewsWords.from_dict(d.pop("words"))

        def _parse_version(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        version = _parse_version(d.pop("version", UNSET))

        campaign_news = cls(
            words=words,
            version=version,
        )

        return campaign_news
