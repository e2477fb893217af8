from typing import Literal

AccountCreateRolesItem = Literal["admin", "dispatcher", "engineer", "operator", "owner", "partner", "product"]

ACCOUNT_CREATE_ROLES_ITEM_VALUES: set[AccountCreateRolesItem] = {
    "admin",
    "dispatcher",
    "engineer",
    "operator",
    "owner",
    "partner",
    "product",
}


def check_account_create_roles_item(value: str) -> AccountCreateRolesItem:
    if value in ACCOUNT_CREATE_ROLES_ITEM_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {ACCOUNT_CREATE_ROLES_ITEM_VALUES!r}")
