from typing import Literal

HealthFileLevel = Literal["act", "watch", "well"]

HEALTH_FILE_LEVEL_VALUES: set[HealthFileLevel] = {
    "act",
    "watch",
    "well",
}


def check_health_file_level(value: str) -> HealthFileLevel:
    if value in HEALTH_FILE_LEVEL_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {HEALTH_FILE_LEVEL_VALUES!r}")
