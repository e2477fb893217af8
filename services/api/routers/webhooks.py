"""Webhooks: who is told of what, how that went, and telling it again."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from services.api.dependencies import IfMatch, PlatformDep, WebhooksReader, WebhooksWriter
from services.api.paging import decode_cursor, encode_cursor, number
from services.api.unit import UnitRoute
from services.api.versions import check_seen, tag_version
from services.webhooks import guard, repository, signing
from services.webhooks.events import TYPES, emit_to
from services.webhooks.repository import Delivery, Webhook
from services.webhooks.schemas import (
    AttemptPublic,
    DeliveryDetail,
    DeliveryPage,
    DeliveryPublic,
    EventTypePublic,
    SecretCreate,
    SecretCreated,
    WebhookCreate,
    WebhookCreated,
    WebhookPublic,
    WebhookUpdate,
)
from services.webhooks.sealing import Sealer

router = APIRouter(tags=["webhooks"], route_class=UnitRoute)

_ORDER = "deliveries"
WebhookId = Annotated[str, Path(max_length=64)]
DeliveryId = Annotated[str, Path(max_length=200, description="webhook-id of the event")]


@router.get("/webhook-types")
def list_webhook_types(_caller: WebhooksReader) -> list[EventTypePublic]:
    """Return what webhooks can tell."""
    return [EventTypePublic.model_validate({"type": type, "title": title}) for type, title in TYPES.items()]


@router.get("/webhooks")
def list_webhooks(caller: WebhooksReader) -> list[WebhookPublic]:
    """Return the subscriptions, those of the platform's settings among them."""
    with caller.transaction() as conn:
        return [_public(one) for one in repository.listing(conn, caller.tenant)]


@router.post("/webhooks", status_code=201)
def create_webhook(
    wish: WebhookCreate, platform: PlatformDep, caller: WebhooksWriter, response: Response
) -> WebhookCreated:
    """Subscribe to events; the secret that signs them is in this answer and nowhere else."""
    guard.check_url(wish.url, private=platform.settings.webhook_private)
    secret = wish.secret or signing.new_secret()
    with caller.transaction() as conn:
        made = repository.create(
            conn,
            Sealer(platform.settings.secret_key),
            caller.tenant,
            url=wish.url,
            types=wish.types,
            secret=secret,
            description=wish.description,
            actor=caller.actor,
        )
    response.headers["Cache-Control"] = "no-store"
    return WebhookCreated(**_public(made).model_dump(), secret=secret)


@router.get("/webhooks/{webhook_id}")
def get_webhook(webhook_id: WebhookId, caller: WebhooksReader, response: Response) -> WebhookPublic:
    """Return one subscription."""
    with caller.transaction() as conn:
        said = _public(repository.get(conn, caller.tenant, webhook_id))
    tag_version(response, said.version, said)  # it fails, and recovers, without a new version
    return said


@router.put("/webhooks/{webhook_id}")
def put_webhook(
    webhook_id: WebhookId,
    wish: WebhookUpdate,
    platform: PlatformDep,
    caller: WebhooksWriter,
    response: Response,
    if_match: IfMatch = None,
) -> WebhookPublic:
    """Change a subscription from the version that was seen; enabling one tries again what waits for it."""
    guard.check_url(wish.url, private=platform.settings.webhook_private)
    with caller.transaction() as conn:
        stands = repository.get(conn, caller.tenant, webhook_id, lock=True)
        check_seen("webhook", stands.version, wish.version, if_match)
        changed = repository.change(
            conn,
            caller.tenant,
            webhook_id,
            url=wish.url,
            types=wish.types,
            description=wish.description,
            enabled=wish.enabled,
        )
    said = _public(changed)
    tag_version(response, said.version, said)
    return said


@router.delete("/webhooks/{webhook_id}", status_code=204)
def delete_webhook(webhook_id: WebhookId, caller: WebhooksWriter) -> None:
    """Delete a subscription with its log; what waits for it is not told any more."""
    with caller.transaction() as conn:
        repository.delete(conn, caller.tenant, webhook_id)


@router.post("/webhooks/{webhook_id}/secret")
def change_webhook_secret(
    webhook_id: WebhookId,
    wish: SecretCreate,
    platform: PlatformDep,
    caller: WebhooksWriter,
    response: Response,
) -> SecretCreated:
    """Give a subscription a new secret; for a day the one before signs as well."""
    secret = wish.secret or signing.new_secret()
    with caller.transaction() as conn:
        until = repository.rotate(
            conn, Sealer(platform.settings.secret_key), caller.tenant, webhook_id, secret
        )
    response.headers["Cache-Control"] = "no-store"
    return SecretCreated(secret=secret, previous_until=until)


@router.post("/webhooks/{webhook_id}/test", status_code=202)
def send_webhook_test(webhook_id: WebhookId, platform: PlatformDep, caller: WebhooksWriter) -> DeliveryPublic:
    """Tell the receiver of an event of the type webhook.test: whether it is taken stands in the log."""
    event_id = f"test.{secrets.token_hex(8)}"
    with caller.transaction() as conn:
        repository.get(conn, caller.tenant, webhook_id)
        emit_to(conn, caller.tenant, webhook_id, event_id, platform.clock.now())
        return _delivery(repository.delivery(conn, caller.tenant, webhook_id, event_id)[0])


@router.get("/webhooks/{webhook_id}/deliveries")
def list_webhook_deliveries(
    webhook_id: WebhookId,
    caller: WebhooksReader,
    state: Annotated[Literal["", "waiting", "taken", "given_up"], Query()] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> DeliveryPage:
    """Return what a receiver was told, or is still to be told, the newest first."""
    before = decode_cursor(_ORDER, cursor, (number,))
    with caller.transaction() as conn:
        repository.get(conn, caller.tenant, webhook_id)
        found = repository.deliveries(
            conn,
            caller.tenant,
            webhook_id,
            limit=limit + 1,
            before=before[0] if before else None,
            state=state,
        )
    following = encode_cursor(_ORDER, [found[limit - 1].number]) if len(found) > limit else None
    return DeliveryPage(items=[_delivery(one) for one in found[:limit]], next=following)


@router.get("/webhooks/{webhook_id}/deliveries/{delivery_id}")
def get_webhook_delivery(
    webhook_id: WebhookId, delivery_id: DeliveryId, caller: WebhooksReader
) -> DeliveryDetail:
    """Return one delivery with what was told, and each attempt."""
    with caller.transaction() as conn:
        found, data, log = repository.delivery(conn, caller.tenant, webhook_id, delivery_id)
    attempts = [AttemptPublic(**asdict(one)) for one in log]
    return DeliveryDetail(**_delivery(found).model_dump(), data=data, log=attempts)


@router.post("/webhooks/{webhook_id}/deliveries/{delivery_id}/redelivery", status_code=202)
def redeliver_webhook(
    webhook_id: WebhookId, delivery_id: DeliveryId, caller: WebhooksWriter
) -> DeliveryPublic:
    """Tell an event again, under the same webhook-id, whether it was taken or given up."""
    with caller.transaction() as conn:
        repository.redeliver(conn, caller.tenant, webhook_id, delivery_id)
        return _delivery(repository.delivery(conn, caller.tenant, webhook_id, delivery_id)[0])


def _public(one: Webhook) -> WebhookPublic:
    return WebhookPublic(**asdict(one), enabled=one.disabled_at is None)


def _delivery(one: Delivery) -> DeliveryPublic:
    said: dict[str, Any] = asdict(one)
    del said["number"]
    return DeliveryPublic(id=said.pop("event_id"), **said)
