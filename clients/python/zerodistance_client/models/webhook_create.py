from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.webhook_create_types_item import (
    WebhookCreateTypesItem,
    check_webhook_create_types_item,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="WebhookCreate")


@_attrs_define
class WebhookCreate:
    """Whom to tell of what.

    Attributes:
        types (list[WebhookCreateTypesItem]):
        url (str):
        description (str | Unset):  Default: ''.
        secret (str | Unset): whsec_ and 24 to 64 bytes in base64; empty: one is made Default: ''.
    """

    types: list[WebhookCreateTypesItem]
    url: str
    description: str | Unset = ""
    secret: str | Unset = ""

    def to_dict(self) -> dict[str, Any]:
        types = []
        for types_item_data in self.types:
            types_item: str = types_item_data
            types.append(types_item)

        url = self.url

        description = self.description

        secret = self.secret

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "types": types,
                "url": url,
            }
        )
        if description is not UNSET:
            field_dict["description"] = description
        if secret is not UNSET:
            field_dict["secret"] = secret

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        types = []
        _types = d.pop("types")
        for types_item_data in _types:
            types_item = check_webhook_create_types_item(types_item_data)

            types.append(types_item)

        url = d.pop("url")

        description = d.pop("description", UNSET)

        secret = d.pop("secret", UNSET)

        webhook_create = cls(
            types=types,
            url=url,
            description=description,
            secret=secret,
        )

        return webhook_create
