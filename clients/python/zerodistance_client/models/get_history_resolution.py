from typing import Literal

GetHistoryResolution = Literal["1d", "1h", "5m", "auto", "raw"]

GET_HISTORY_RESOLUTION_VALUES: set[GetHistoryResolution] = {
    "1d",
    "1h",
    "5m",
    "auto",
    "raw",
}


def check_get_history_resolution(value: str) -> GetHistoryResolution:
    if value in GET_HISTORY_RESOLUTION_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_HISTORY_RESOLUTION_VALUES!r}")
