from typing import Literal

AccountUpdateRolesType0Item = Literal[
    "admin", "dispatcher", "engineer", "operator", "owner", "partner", "product"
]

ACCOUNT_UPDATE_ROLES_TYPE_0_ITEM_VALUES: set[AccountUpdateRolesType0Item] = {
    "admin",
    "dispatcher",
    "engineer",
    "operator",
    "owner",
    "partner",
    "product",
}


def check_account_update_roles_type_0_item(value: str) -> AccountUpdateRolesType0Item:
    if value in ACCOUNT_UPDATE_ROLES_TYPE_0_ITEM_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {ACCOUNT_UPDATE_ROLES_TYPE_0_ITEM_VALUES!r}"
    )
