from typing import Literal

MyselfReach = Literal["engineer", "households", "tenant"]

MYSELF_REACH_VALUES: set[MyselfReach] = {
    "engineer",
    "households",
    "tenant",
}


def check_myself_reach(value: str) -> MyselfReach:
    if value in MYSELF_REACH_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {MYSELF_REACH_VALUES!r}")
