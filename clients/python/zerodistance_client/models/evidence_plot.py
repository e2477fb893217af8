from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.series import Series


T = TypeVar("T", bound="EvidencePlot")


@_attrs_define
class EvidencePlot:
    """The series behind a ticket, most telling first.

    Attributes:
        series (list[Series]):
        ticket (str):
    """

    series: list[Series]
    ticket: str

    def to_dict(self) -> dict[str, Any]:
        series = []
        for series_item_data in self.series:
            series_item = series_item_data.to_dict()
            series.append(series_item)

        ticket = self.ticket

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "series": series,
                "ticket": ticket,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.series import Series  # noqa: PLC0415

        d = dict(src_dict)
        series = []
        _series = d.pop("series")
        for series_item_data in _series:
            series_item = Series.from_dict(series_item_data)

            series.append(series_item)

        ticket = d.pop("ticket")

        evidence_plot = cls(
            series=series,
            ticket=ticket,
        )

        return evidence_plot
