from typing import Literal

AccountPublicRolesItem = Literal["admin", "dispatcher", "engineer", "operator", "owner", "partner", "product"]

ACCOUNT_PUBLIC_ROLES_ITEM_VALUES: set[AccountPublicRolesItem] = {
    "admin",
    "dispatcher",
    "engineer",
    "operator",
    "owner",
    "partner",
    "product",
}


def check_account_public_roles_item(value: str) -> AccountPublicRolesItem:
    if value in ACCOUNT_PUBLIC_ROLES_ITEM_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {ACCOUNT_PUBLIC_ROLES_ITEM_VALUES!r}")
