from typing import Literal

ProductIssuePublicState = Literal["dismissed", "investigating", "mended", "open"]

PRODUCT_ISSUE_PUBLIC_STATE_VALUES: set[ProductIssuePublicState] = {
    "dismissed",
    "investigating",
    "mended",
    "open",
}


def check_product_issue_public_state(value: str) -> ProductIssuePublicState:
    if value in PRODUCT_ISSUE_PUBLIC_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {PRODUCT_ISSUE_PUBLIC_STATE_VALUES!r}")
