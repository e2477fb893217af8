from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.webhook_update_types_item import (
    WebhookUpdateTypesItem,
    check_webhook_update_types_item,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="WebhookUpdate")


@_attrs_define
class WebhookUpdate:
    """What a subscription is to be from now on; enabling one forgets that it failed.

    Attributes:
        types (list[WebhookUpdateTypesItem]):
        url (str):
        description (str | Unset):  Default: ''.
        enabled (bool | Unset):  Default: True.
        version (int | None | Unset): that was seen; without it send If-Match with the ETag
    """

    types: list[WebhookUpdateTypesItem]
    url: str
    description: str | Unset = ""
    enabled: bool | Unset = True
    version: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        types = []
        for types_item_data in self.types:
            types_item: str = types_item_data
            types.append(types_item)

        url = self.url

        description = self.description

        enabled = self.enabled

        version: int | None | Unset
        if isinstance(self.version, Unset):
            version = UNSET
        else:
            version = self.version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "types": types,
                "url": url,
            }
        )
        if description is not UNSET:
            field_dict["description"] = description
        if enabled is not UNSET:
            field_dict["enabled"] = enabled
        if version is not UNSET:
            field_dict["version"] = version

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        types = []
        _types = d.pop("types")
        for types_item_data in _types:
            types_item = check_webhook_update_types_item(types_item_data)

            types.append(types_item)

        url = d.pop("url")

        description = d.pop("description", UNSET)

        enabled = d.pop("enabled", UNSET)

        def _parse_version(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        version = _parse_version(d.pop("version", UNSET))

        webhook_update = cls(
            types=types,
            url=url,
            description=description,
            enabled=enabled,
            version=version,
        )

        return webhook_update
