from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.webhook_created_origin import (
    WebhookCreatedOrigin,
    check_webhook_created_origin,
)

T = TypeVar("T", bound="WebhookCreated")


@_attrs_define
class WebhookCreated:
    """A new subscription with its secret, which is in this answer and nowhere else.

    Attributes:
        created_at (datetime.datetime):
        created_by (str):
        description (str):
        disabled_at (datetime.datetime | None):
        disabled_reason (str):
        enabled (bool):
        failing_since (datetime.datetime | None):
        failures (int):
        id (str):
        origin (WebhookCreatedOrigin):
        secret (str):
        types (list[str]):
        url (str):
        version (int):
    """

    created_at: datetime.datetime
    created_by: str
    description: str
    disabled_at: datetime.datetime | None
    disabled_reason: str
    enabled: bool
    failing_since: datetime.datetime | None
    failures: int
    id: str
    origin: WebhookCreatedOrigin
    secret: str
    types: list[str]
    url: str
    version: int

    def to_dict(self) -> dict[str, Any]:
        created_at = self.created_at.isoformat()

        created_by = self.created_by

        description = self.description

        disabled_at: None | str
        if isinstance(self.disabled_at, datetime.datetime):
            disabled_at = self.disabled_at.isoformat()
        else:
            disabled_at = self.disabled_at

        disabled_reason = self.disabled_reason

        enabled = self.enabled

        failing_since: None | str
        if isinstance(self.failing_since, datetime.datetime):
            failing_since = self.failing_since.isoformat()
        else:
            failing_since = self.failing_since

        failures = self.failures

        id = self.id

        origin: str = self.origin

        secret = self.secret

        types = self.types

        url = self.url

        version = self.version

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "created_at": created_at,
                "created_by": created_by,
                "description": description,
                "disabled_at": disabled_at,
                "disabled_reason": disabled_reason,
                "enabled": enabled,
                "failing_since": failing_since,
                "failures": failures,
                "id": id,
                "origin": origin,
                "secret": secret,
                "types": types,
                "url": url,
                "version": version,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        created_at = datetime.datetime.fromisoformat(d.pop("created_at"))

        created_by = d.pop("created_by")

        description = d.pop("description")

        def _parse_disabled_at(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                disabled_at_type_0 = datetime.datetime.fromisoformat(data)

                return disabled_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        disabled_at = _parse_disabled_at(d.pop("disabled_at"))

        disabled_reason = d.pop("disabled_reason")

        enabled = d.pop("enabled")

        def _parse_failing_since(data: object) -> datetime.datetime | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                failing_since_type_0 = datetime.datetime.fromisoformat(data)

                return failing_since_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None, data)

        failing_since = _parse_failing_since(d.pop("failing_since"))

        failures = d.pop("failures")

        id = d.pop("id")

        origin = check_webhook_created_origin(d.pop("origin"))

        secret = d.pop("secret")

        types = cast(list[str], d.pop("types"))

        url = d.pop("url")

        version = d.pop("version")

        webhook_created = cls(
            created_at=created_at,
            created_by=created_by,
            description=description,
            disabled_at=disabled_at,
            disabled_reason=disabled_reason,
            enabled=enabled,
            failing_since=failing_since,
            failures=failures,
            id=id,
            origin=origin,
            secret=secret,
            types=types,
            url=url,
            version=version,
        )

        return webhook_created
