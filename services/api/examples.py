"""Examples for the OpenAPI document: those of the fields, composed along the schemas. Pure.

The same refrigerator, ticket and people run through all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_TICKET = "4f1c0d9e8b7a4c53a1e2d3f405060708"
_MESSAGE = "9a71f2c48d3e4b60a5c6d7e8f9012345-owner"
_NOON, _EVENING = "2026-03-02T12:00:00Z", "2026-03-02T18:00:00Z"
_TOMORROW, _LATER = "2026-03-03T14:00:00Z", "2026-03-03T16:00:00Z"
_DEVICE, _HOME, _ENGINEER = "fridge-01", "home-7", "engineer-wang"
_CAUSE = {"en": "Door left open", "zh": "门未关好"}
_SAID = {"en": "It is getting warm: is the door closed?", "zh": "温度升高，门关好了吗？"}

# By field or parameter, "Component.field" before "field". What a schema does not take is passed over.
FIELDS: Mapping[str, Any] = {
    "access_token": "eyJhY2NvdW50IjoiYWNfMSJ9.aaQx2w.fAbQ",
    "refresh_token": "rt_5f0d7c1b9a",
    "token": "ImhvbWUtNyI.aaQx2w.fAbQ",
    "token_type": "bearer",
    "expires_in": 900,
    "login": "wang",
    "password": "a long pass phrase",
    "old_password": "a long pass phrase",
    "new_password": "another long pass phrase",
    "roles": ["engineer"],
    "permissions": ["tickets:read"],
    "session": "se_0b1c2d3e",
    "address": "203.0.113.7",
    "code_verifier": "dBjftJeZ4CVP-mBz2sd8K1oJ9hVmXyG3T5rN0a1b2c",
    "nonce": "n-0S6_WzA2Mj",
    "redirect_uri": "https://console.example/callback",
    "state": "open",
    "account_id": "ac_1f2e3d",
    "key_id": "key_9b8a7c",
    "key": "zdk_3c4d5e6f",
    "scopes": ["use:read"],
    "households": [_HOME],
    "tenant": "default",
    "action": "move_ticket",
    "target": f"/api/v1/tickets/{_TICKET}",
    "actor": "staff:wang",
    "x-actor": "wang",
    "created_by": "staff:wang",
    "revoked_by": "staff:wang",
    "requested_by": "staff:wang",
    "opened_by": "platform",
    "device": _DEVICE,
    "device_id": _DEVICE,
    "device_name": "Kitchen fridge",
    "household": _HOME,
    "household_id": _HOME,
    "unclaimed_id": "tasmota-4C7525",
    "engineer": _ENGINEER,
    "engineer_id": _ENGINEER,
    "assignee": _ENGINEER,
    "user": _DEVICE,
    "ticket": _TICKET,
    "ticket_id": _TICKET,
    "ticket_number": 1042,
    "merge_into": None,
    "campaign_id": None,
    "message_id": _MESSAGE,
    "credential_id": "c0ffee12",
    "id": _TICKET,
    "number": 1042,
    "version": 3,
    "Health.version": "0.1.0",
    "Problem.status": 404,
    "DevicePublic.id": _DEVICE,
    "DeviceDetail.id": _DEVICE,
    "DeviceDetail.name": "Kitchen fridge",
    "DevicePublic.name": "Kitchen fridge",
    "DeviceClaim.name": "Kitchen fridge",
    "UnclaimedPublic.id": "tasmota-4C7525",
    "EngineerPublic.id": _ENGINEER,
    "EngineerFiguresPublic.id": _ENGINEER,
    "MessagePublic.id": _MESSAGE,
    "CommandPublic.id": "7d3b2a1c",
    "CampaignPublic.id": "b2f4a6c8",
    "InspectionPublic.id": "1a2b3c4d",
    "CredentialPublic.id": "c0ffee12",
    "CredentialCreated.id": "c0ffee12",
    "InsightPublic.id": "fridge-01:energy:2026-03-01",
    "WebhookPublic.id": "wh_0a1b2c3d4e5f6071",
    "WebhookCreated.id": "wh_0a1b2c3d4e5f6071",
    "DeliveryPublic.id": f"{_TICKET}.3",
    "DeliveryDetail.id": f"{_TICKET}.3",
    "name": "Wang Wei",
    "region": "north",
    "type": "refrigerator",
    "model": "R600",
    "firmware": "2.1.0",
    "guessed_type": "refrigerator",
    "type_title": {"en": "Refrigerator", "zh": "冰箱"},
    "EvidencePublic.title": {"en": "Mean temperature", "zh": "平均温度"},
    "title": _CAUSE,
    "cause_title": _CAUSE,
    "outcome_title": _CAUSE,
    "cause": "door_ajar",
    "outcome_cause": "",
    "summary": {"en": "The fresh food compartment warms by 2 °C an hour.", "zh": "冷藏室每小时升温2°C。"},
    "body": _SAID,
    "words": "It hums at night.",
    "answers": {"checked": {"en": "I have checked", "zh": "已检查"}},
    "answer": "checked",
    "note": "Door found ajar, closed.",
    "reason": "The owner moves house.",
    "RuledOutPublic.reason": {"en": "The compressor runs as it should.", "zh": "压缩机运行正常。"},
    "RuledOutPublic.cause": "compressor_failed",
    "RuledOutPublic.title": {"en": "Compressor failed", "zh": "压缩机故障"},
    "CommandPublic.reason": "",
    "advice": {"en": "Look at the gasket.", "zh": "检查门封条。"},
    "part": "door_gasket",
    "part_title": {"en": "Door gasket", "zh": "门封条"},
    "parts_used": ["door_gasket"],
    "skill": "refrigeration",
    "skills": ["refrigeration"],
    "van": ["door_gasket"],
    "feature": "fresh_food_mean",
    "channel": "fresh_food_temperature",
    "channels": "power,fresh_food_temperature",
    "ReadingPublic.channels": ["fresh_food_temperature"],
    "unit": "°C",
    "observed": 9.4,
    "expected": 4.0,
    "low": 3.0,
    "high": 5.0,
    "score": 8.1,
    "probability": 0.82,
    "Series.observed": [4.1, 9.4],
    "Series.expected": [4.0, 4.0],
    "Series.low": [3.0, 3.0],
    "Series.high": [5.0, 5.0],
    "Series.time": [_NOON, _EVENING],
    "quantity": "heater resistance",
    "ItemPublic.quantity": 2.0,
    "item": "milk",
    "best_before": "2026-03-05",
    "value": 24.7,
    "ReadingPublic.value": "4.1",
    "ReadingPublic.name": "Temperature",
    "sample": '{"Temperature": 4.1}',
    "mapping": {"Temperature": "fresh_food_temperature"},
    "CommandCreate.name": "set_temperature",
    "OwnerCommandCreate.name": "set_temperature",
    "CommandPublic.name": "set_temperature",
    "CommandPublic.title": {"en": "Set temperature", "zh": "设定温度"},
    "arguments": {"set_point": 3},
    "CommandDescription.arguments": {"set_point": {"type": "number", "unit": "°C"}},
    "expires_in_s": 300.0,
    "latest": {"fresh_food_temperature": 4.1},
    "desired": {"set_point": 3},
    "reported": {"set_point": 4.0},
    "owner_link": "https://service.example/owner/ImhvbWUtNyI.aaQx2w.fAbQ",
    "figures": {"kwh": 0.9},
    "kind": "energy",
    "MessagePublic.kind": "question",
    "normal": [2.0, 6.0],
    "programme": "cotton",
    "intensity": "normal",
    "litres": 48.0,
    "kwh": 0.62,
    "spin": 1200.0,
    "temperature": 40.0,
    "litres_left": 1800.0,
    "litres_a_day": 9.5,
    "share_left": 0.6,
    "tds": 420.0,
    "hardness": 180.0,
    "source": "waterworks",
    "km": 12.4,
    "minutes": 45,
    "rating": 5,
    "scores": {"punctuality": 5, "skill": 4},
    "proactive_share": 0.93,
    "precision": 0.96,
    "false_per_device_year": 0.04,
    "lead_time_days": 11.5,
    "first_time_fix": 0.91,
    "sla_kept": 0.97,
    "satisfaction": 92.5,
    "cost_of_visit": 80.0,
    "money_saved": 960.0,
    "currency": "EUR",
    "notification_skew_ms": 3.0,
    "resolve_left_s": None,
    "respond_left_s": None,
    "certificate": "",
    "csr": "",
    "ca": "",
    "serial": None,
    "fingerprint": None,
    "days": 30,
    "hours": 24.0,
    "url": "https://partner.example/hooks/appliances",
    "description": "Tickets for the partner's desk",
    "types": ["ticket.opened", "ticket.closed"],
    "EventTypePublic.type": "ticket.opened",
    "EventTypePublic.title": "A ticket was opened.",
    "DeliveryPublic.type": "ticket.opened",
    "DeliveryDetail.type": "ticket.opened",
    "data": {"ticket": _TICKET, "state": "owner_asked"},
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
    "webhook_id": "wh_0a1b2c3d4e5f6071",
    "issue_id": "7d1e5a90c3b24f68a0d2e4f6081a3c5e",
    "delivery_id": f"{_TICKET}.3",
    "DeliveryPublic.status": 204,
    "DeliveryDetail.status": 204,
    "ApiKeyCreate.name": "recipes-app",
    "ApiKeyPublic.name": "recipes-app",
    "ApiKeyCreated.name": "recipes-app",
    "AttemptPublic.status": 204,
    "took_ms": 86,
    "error": "",
    "disabled_reason": "",
    "attempts": 1,
    "failures": 0,
    "failing_since": None,
    "disabled_at": None,
    "next_try_at": None,
    "revoked_at": None,
    "recovered_at": None,
    "cut_at": None,
    "resolved_at": None,
    "closed_at": None,
    "predicted_failure_at": None,
    "time": _NOON,
    "at": _NOON,
    "now": _NOON,
    "created_at": _NOON,
    "opened_at": _NOON,
    "onset_at": _NOON,
    "since": "2026-03-01T00:00:00Z",
    "until": _NOON,
    "sent_at": _NOON,
    "done_at": _NOON,
    "last_seen_at": _NOON,
    "latest_at": _NOON,
    "respond_by": _EVENING,
    "resolve_by": _LATER,
    "deadline_at": _EVENING,
    "visit_from": _TOMORROW,
    "visit_until": _LATER,
    "arrive": _TOMORROW,
    "begin": _TOMORROW,
    "leave": _LATER,
    "expires_at": _EVENING,
    "previous_until": _TOMORROW,
    "day": "2026-03-02",
    "q": "kitchen",
    "cursor": "",
    "next": None,
    "limit": 50,
    "aggregates": "mean,max",
    "include": "quality",
    "max_points": 600,
    "time_zone": "UTC",
    "if-match": '"3"',
    "idempotency-key": "6f1a0c52-visit-1042",
    "Idempotency-Key": "6f1a0c52-visit-1042",
    "last-event-id": "48213",
    "resolution": "auto",
    "format": "json",
    "origin": "detected",
    "urgency": "urgent",
    "from_state": "owner_asked",
    "to_state": "on_site",
    "to": "on_site",
    "stage": ["on_site"],
    "TicketSummary.state": "on_site",
    "TicketPublic.state": "on_site",
    "TicketMove.outcome": "",
    "TicketPublic.outcome": "",
    "TicketSummary.outcome": "",
    "moves": ["planned", "on_hold"],
    "left_out": [],
    "code": "not_found",
    "detail": "There is no ticket '4f1c'.",
    "Problem.title": "Not found",
    "about": "",
}


class Examples:
    """Composes examples for one document.

    Args:
        document: with its components.
    """

    def __init__(self, document: Json) -> None:
        self._components: Json = document.get("components", {}).get("schemas", {})

    def of(self, schema: Json, name: str, owner: str = "") -> Any:
        """Return an example of a schema.

        Args:
            schema: a JSON Schema.
            name: of the field or parameter; "" for a body.
            owner: the component that the field belongs to; "" for none.
        """
        for key in (f"{owner}.{name}", name):
            if key in FIELDS and self._fits(FIELDS[key], schema):
                return FIELDS[key]
        if "examples" in schema:
            return schema["examples"][0]
        if "$ref" in schema:
            component = schema["$ref"].rsplit("/", 1)[-1]
            return self.of(self._components[component], name, component)
        for branch in ("anyOf", "oneOf", "allOf"):
            if branch in schema:
                wanted = [one for one in schema[branch] if one.get("type") != "null"] or schema[branch]
                return self.of(wanted[0], name, owner)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return next((one for one in schema["enum"] if one), schema["enum"][0])
        return self._typed(schema, name, owner)

    def _typed(self, schema: Json, name: str, owner: str) -> Any:
        kind = schema.get("type")
        if kind == "object" and "properties" in schema:
            component = schema.get("title", owner)
            return {field: self.of(part, field, component) for field, part in schema["properties"].items()}
        if kind == "object":
            return {}
        if kind == "array":
            if "prefixItems" in schema:
                return [self.of(part, name, owner) for part in schema["prefixItems"]]
            return [self.of(schema["items"], name, owner)] if schema.get("items") else []
        if schema.get("default") is not None:
            return schema["default"]
        if kind == "boolean":
            return True
        if kind in ("integer", "number"):
            return max(schema.get("minimum", 1), min(1, schema.get("maximum", 1)))
        formats = {"date-time": _NOON, "date": _NOON[:10], "binary": ""}
        return formats.get(schema.get("format", ""), name or "text")

    def _fits(self, value: Any, schema: Json) -> bool:
        """Return whether a field's example is of the kind that this schema wants."""
        if "$ref" in schema:
            return self._fits(value, self._components[schema["$ref"].rsplit("/", 1)[-1]])
        for branch in ("anyOf", "oneOf", "allOf"):
            if branch in schema:
                return any(self._fits(value, one) for one in schema[branch])
        if "enum" in schema:
            return value in schema["enum"]
        if "const" in schema:
            return bool(value == schema["const"])
        kinds: dict[str, type | tuple[type, ...]] = {
            "string": str,
            "integer": int,
            "number": (int, float),
            "boolean": bool,
            "array": list,
            "object": dict,
            "null": type(None),
        }
        kind = schema.get("type")
        if kind not in kinds:
            return True
        if isinstance(value, bool) != (kind == "boolean"):
            return False
        return isinstance(value, kinds[kind])
