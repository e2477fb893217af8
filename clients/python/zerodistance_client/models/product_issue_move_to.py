from typing import Literal

ProductIssueMoveTo = Literal["dismissed", "investigating", "mended", "open"]

PRODUCT_ISSUE_MOVE_TO_VALUES: set[ProductIssueMoveTo] = {
    "dismissed",
    "investigating",
    "mended",
    "open",
}


def check_product_issue_move_to(value: str) -> ProductIssueMoveTo:
    if value in PRODUCT_ISSUE_MOVE_TO_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {PRODUCT_ISSUE_MOVE_TO_VALUES!r}")
