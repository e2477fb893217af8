from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.get_history_response_200_columns_item import (
        GetHistoryResponse200ColumnsItem,
    )


T = TypeVar("T", bound="GetHistoryResponse200")


@_attrs_define
class GetHistoryResponse200:
    """
    Attributes:
        columns (list[GetHistoryResponse200ColumnsItem]): what stands behind the time in each row
        count (int):
        device (str):
        next_ (None | str): cursor of the next page of rows
        resolution (str): raw, 5m, 1h, 1d, or a multiple such as 15m
        rows (list[list[Any]]):
        type_ (str):
        bucket_seconds (int | None | Unset): null: rows as they are stored
        since (datetime.datetime | Unset):
        time_zone (str | Unset):
        until (datetime.datetime | Unset):
    """

    columns: list[GetHistoryResponse200ColumnsItem]
    count: int
    device: str
    next_: None | str
    resolution: str
    rows: list[list[Any]]
    type_: str
    bucket_seconds: int | None | Unset = UNSET
    since: datetime.datetime | Unset = UNSET
    time_zone: str | Unset = UNSET
    until: datetime.datetime | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        columns = []
        for columns_item_data in self.columns:
            columns_item = columns_item_data.to_dict()
            columns.append(columns_item)

        count = self.count

        device = self.device

        next_: None | str
        next_ = self.next_

        resolution = self.resolution

        rows = []
        for rows_item_data in self.rows:
            rows_item = rows_item_data

            rows.append(rows_item)

        type_ = self.type_

        bucket_seconds: int | None | Unset
        if isinstance(self.bucket_seconds, Unset):
            bucket_seconds = UNSET
        else:
            bucket_seconds = self.bucket_seconds

        since: str | Unset = UNSET
        if not isinstance(self.since, Unset):
            since = self.since.isoformat()

        time_zone = self.time_zone

        until: str | Unset = UNSET
        if not isinstance(self.until, Unset):
            until = self.until.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "columns": columns,
                "count": count,
                "device": device,
                "next": next_,
                "resolution": resolution,
                "rows": rows,
                "type": type_,
            }
        )
        if bucket_seconds is not UNSET:
            field_dict["bucket_seconds"] = bucket_seconds
        if since is not UNSET:
            field_dict["since"] = since
        if time_zone is not UNSET:
            field_dict["time_zone"] = time_zone
        if until is not UNSET:
            field_dict["until"] = until

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.get_history_response_200_columns_item import (
            GetHistoryResponse200ColumnsItem,  # noqa: PLC0415
        )

        d = dict(src_dict)
        columns = []
        _columns = d.pop("columns")
        for columns_item_data in _columns:
            columns_item = GetHistoryResponse200ColumnsItem.from_dict(columns_item_data)

            columns.append(columns_item)

        count = d.pop("count")

        device = d.pop("device")

        def _parse_next_(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        next_ = _parse_next_(d.pop("next"))

        resolution = d.pop("resolution")

        rows = []
        _rows = d.pop("rows")
        for rows_item_data in _rows:
            rows_item = cast(list[Any], rows_item_data)

            rows.append(rows_item)

        type_ = d.pop("type")

        def _parse_bucket_seconds(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        bucket_seconds = _parse_bucket_seconds(d.pop("bucket_seconds", UNSET))

        _since = d.pop("since", UNSET)
        since: datetime.datetime | Unset
        if isinstance(_since, Unset):
            since = UNSET
        else:
            since = datetime.datetime.fromisoformat(_since)

        time_zone = d.pop("time_zone", UNSET)

        _until = d.pop("until", UNSET)
        until: datetime.datetime | Unset
        if isinstance(_until, Unset):
            until = UNSET
        else:
            until = datetime.datetime.fromisoformat(_until)

        get_history_response_200 = cls(
            columns=columns,
            count=count,
            device=device,
            next_=next_,
            resolution=resolution,
            rows=rows,
            type_=type_,
            bucket_seconds=bucket_seconds,
            since=since,
            time_zone=time_zone,
            until=until,
        )

        get_history_response_200.additional_properties = d
        return get_history_response_200

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
