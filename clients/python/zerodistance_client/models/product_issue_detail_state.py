from typing import Literal

ProductIssueDetailState = Literal["dismissed", "investigating", "mended", "open"]

PRODUCT_ISSUE_DETAIL_STATE_VALUES: set[ProductIssueDetailState] = {
    "dismissed",
    "investigating",
    "mended",
    "open",
}


def check_product_issue_detail_state(value: str) -> ProductIssueDetailState:
    if value in PRODUCT_ISSUE_DETAIL_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {PRODUCT_ISSUE_DETAIL_STATE_VALUES!r}")
