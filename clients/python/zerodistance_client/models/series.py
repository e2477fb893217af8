from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.series_title import SeriesTitle


T = TypeVar("T", bound="Series")


@_attrs_define
class Series:
    """One channel over time with the band in which a healthy appliance is expected.

    ``low`` and ``high`` are empty where no band is known. ``onset_at`` marks the incident.

        Attributes:
            channel (str):
            expected (list[float | None]):
            high (list[float | None]):
            low (list[float | None]):
            observed (list[float | None]):
            time (list[datetime.datetime]):
            title (SeriesTitle):
            unit (str):
            onset_at (datetime.datetime | None | Unset):
    """

    channel: str
    expected: list[float | None]
    high: list[float | None]
    low: list[float | None]
    observed: list[float | None]
    time: list[datetime.datetime]
    title: SeriesTitle
    unit: str
    onset_at: datetime.datetime | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        channel = self.channel

        expected = []
        for expected_item_data in self.expected:
            expected_item: float | None
            expected_item = expected_item_data
            expected.append(expected_item)

        high = []
        for high_item_data in self.high:
            high_item: float | None
            high_item = high_item_data
            high.append(high_item)

        low = []
        for low_item_data in self.low:
            low_item: float | None
            low_item = low_item_data
            low.append(low_item)

        observed = []
        for observed_item_data in self.observed:
            observed_item: float | None
            observed_item = observed_item_data
            observed.append(observed_item)

        time = []
        for time_item_data in self.time:
            time_item = time_item_data.isoformat()
            time.append(time_item)

        title = self.title.to_dict()

        unit = self.unit

        onset_at: None | str | Unset
        if isinstance(self.onset_at, Unset):
            onset_at = UNSET
        elif isinstance(self.onset_at, datetime.datetime):
            onset_at = self.onset_at.isoformat()
        else:
            onset_at = self.onset_at

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "channel": channel,
                "expected": expected,
                "high": high,
                "low": low,
                "observed": observed,
                "time": time,
                "title": title,
                "unit": unit,
            }
        )
        if onset_at is not UNSET:
            field_dict["onset_at"] = onset_at

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.series_title import SeriesTitle  # noqa: PLC0415

        d = dict(src_dict)
        channel = d.pop("channel")

        expected = []
        _expected = d.pop("expected")
        for expected_item_data in _expected:

            def _parse_expected_item(data: object) -> float | None:
                if data is None:
                    return data
                return cast(float | None, data)

            expected_item = _parse_expected_item(expected_item_data)

            expected.append(expected_item)

        high = []
        _high = d.pop("high")
        for high_item_data in _high:

            def _parse_high_item(data: object) -> float | None:
                if data is None:
                    return data
                return cast(float | None, data)

            high_item = _parse_high_item(high_item_data)

            high.append(high_item)

        low = []
        _low = d.pop("low")
        for low_item_data in _low:

            def _parse_low_item(data: object) -> float | None:
                if data is None:
                    return data
                return cast(float | None, data)

            low_item = _parse_low_item(low_item_data)

            low.append(low_item)

        observed = []
        _observed = d.pop("observed")
        for observed_item_data in _observed:

            def _parse_observed_item(data: object) -> float | None:
                if data is None:
                    return data
                return cast(float | None, data)

            observed_item = _parse_observed_item(observed_item_data)

            observed.append(observed_item)

        time = []
        _time = d.pop("time")
        for time_item_data in _time:
            time_item = datetime.datetime.fromisoformat(time_item_data)

            time.append(time_item)

        title = SeriesTitle.from_dict(d.pop("title"))

        unit = d.pop("unit")

        def _parse_onset_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                onset_at_type_0 = datetime.datetime.fromisoformat(data)

                return onset_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        onset_at = _parse_onset_at(d.pop("onset_at", UNSET))

        series = cls(
            channel=channel,
            expected=expected,
            high=high,
            low=low,
            observed=observed,
            time=time,
            title=title,
            unit=unit,
            onset_at=onset_at,
        )

        return series
