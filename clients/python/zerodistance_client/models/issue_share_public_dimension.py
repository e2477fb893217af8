from typing import Literal

IssueSharePublicDimension = Literal["age", "firmware", "month", "part", "region"]

ISSUE_SHARE_PUBLIC_DIMENSION_VALUES: set[IssueSharePublicDimension] = {
    "age",
    "firmware",
    "month",
    "part",
    "region",
}


def check_issue_share_public_dimension(value: str) -> IssueSharePublicDimension:
    if value in ISSUE_SHARE_PUBLIC_DIMENSION_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {ISSUE_SHARE_PUBLIC_DIMENSION_VALUES!r}")
