from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="RatingPublic")


@_attrs_define
class RatingPublic:
    """A rating that was taken.

    Attributes:
        rating (int):
        ticket (str):
    """

    rating: int
    ticket: str

    def to_dict(self) -> dict[str, Any]:
        rating = self.rating

        ticket = self.ticket

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "rating": rating,
                "ticket": ticket,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        rating = d.pop("rating")

        ticket = d.pop("ticket")

        rating_public = cls(
            rating=rating,
            ticket=ticket,
        )

        return rating_public
