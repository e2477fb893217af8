from typing import Literal

GetHistoryFormat = Literal["csv", "json", "parquet"]

GET_HISTORY_FORMAT_VALUES: set[GetHistoryFormat] = {
    "csv",
    "json",
    "parquet",
}


def check_get_history_format(value: str) -> GetHistoryFormat:
    if value in GET_HISTORY_FORMAT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_HISTORY_FORMAT_VALUES!r}")
