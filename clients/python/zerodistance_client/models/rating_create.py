from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.rating_create_scores import RatingCreateScores


T = TypeVar("T", bound="RatingCreate")


@_attrs_define
class RatingCreate:
    """The owner's rating of a service: 5 is best. ``scores`` are of single aspects, as far as given.

    Attributes:
        rating (int):
        scores (RatingCreateScores | Unset):
    """

    rating: int
    scores: RatingCreateScores | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        rating = self.rating

        scores: dict[str, Any] | Unset = UNSET
        if not isinstance(self.scores, Unset):
            scores = self.scores.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "rating": rating,
            }
        )
        if scores is not UNSET:
            field_dict["scores"] = scores

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.rating_create_scores import RatingCreateScores  # noqa: PLC0415

        d = dict(src_dict)
        rating = d.pop("rating")

        _scores = d.pop("scores", UNSET)
        scores: RatingCreateScores | Unset
        if isinstance(_scores, Unset):
            scores = UNSET
        else:
            scores = RatingCreateScores.from_dict(_scores)

        rating_create = cls(
            rating=rating,
            scores=scores,
        )

        return rating_create
