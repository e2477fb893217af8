from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.candidate_public_title import CandidatePublicTitle


T = TypeVar("T", bound="CandidatePublic")


@_attrs_define
class CandidatePublic:
    """A possible cause.

    Attributes:
        cause (str):
        probability (float):
        title (CandidatePublicTitle):
    """

    cause: str
    probability: float
    title: CandidatePublicTitle

    def to_dict(self) -> dict[str, Any]:
        cause = self.cause

        probability = self.probability

        title = self.title.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "cause": cause,
                "probability": probability,
                "title": title,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.candidate_public_title import CandidatePublicTitle  # noqa: PLC0415

        d = dict(src_dict)
        cause = d.pop("cause")

        probability = d.pop("probability")

        title = CandidatePublicTitle.from_dict(d.pop("title"))

        candidate_public = cls(
            cause=cause,
            probability=probability,
            title=title,
        )

        return candidate_public
