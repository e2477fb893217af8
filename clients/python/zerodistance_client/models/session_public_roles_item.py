from typing import Literal

SessionPublicRolesItem = Literal["admin", "dispatcher", "engineer", "operator", "owner", "partner", "product"]

SESSION_PUBLIC_ROLES_ITEM_VALUES: set[SessionPublicRolesItem] = {
    "admin",
    "dispatcher",
    "engineer",
    "operator",
    "owner",
    "partner",
    "product",
}


def check_session_public_roles_item(value: str) -> SessionPublicRolesItem:
    if value in SESSION_PUBLIC_ROLES_ITEM_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {SESSION_PUBLIC_ROLES_ITEM_VALUES!r}")
