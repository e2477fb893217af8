from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.evidence_public_title import EvidencePublicTitle


T = TypeVar("T", bound="EvidencePublic")


@_attrs_define
class EvidencePublic:
    """One feature that is not as expected.

    Attributes:
        channel (str):
        expected (float):
        feature (str):
        high (float):
        low (float):
        observed (float):
        score (float):
        title (EvidencePublicTitle):
        unit (str):
    """

    channel: str
    expected: float
    feature: str
    high: float
    low: float
    observed: float
    score: float
    title: EvidencePublicTitle
    unit: str

    def to_dict(self) -> dict[str, Any]:
        channel = self.channel

        expected = self.expected

        feature = self.feature

        high = self.high

        low = self.low

        observed = self.observed

        score = self.score

        title = self.title.to_dict()

        unit = self.unit

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "channel": channel,
                "expected": expected,
                "feature": feature,
                "high": high,
                "low": low,
                "observed": observed,
                "score": score,
                "title": title,
                "unit": unit,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.evidence_public_title import EvidencePublicTitle  # noqa: PLC0415

        d = dict(src_dict)
        channel = d.pop("channel")

        expected = d.pop("expected")

        feature = d.pop("feature")

        high = d.pop("high")

        low = d.pop("low")

        observed = d.pop("observed")

        score = d.pop("score")

        title = EvidencePublicTitle.from_dict(d.pop("title"))

        unit = d.pop("unit")

        evidence_public = cls(
            channel=channel,
            expected=expected,
            feature=feature,
            high=high,
            low=low,
            observed=observed,
            score=score,
            title=title,
            unit=unit,
        )

        return evidence_public
