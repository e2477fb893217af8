"""MQTT topics of devices and Kafka topics of the log."""

from __future__ import annotations

import re
import zlib
from typing import Literal

Channel = Literal["telemetry", "children", "fault", "event", "status", "command", "reply", "stored"]

TELEMETRY = "zd.telemetry"
EVENTS = "zd.events"
FINDINGS = "zd.findings"
TICKETS = "zd.tickets"
COHORTS = "zd.cohorts"
DEAD_LETTER = "zd.dead-letter"
LOG_TOPICS = (TELEMETRY, EVENTS, FINDINGS, TICKETS, COHORTS, DEAD_LETTER)

UPWARD = ("telemetry", "children", "fault", "event", "status", "reply")
DEVICE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_TOPIC = re.compile(rf"zd/v1/({DEVICE_ID.pattern})/([a-z]+)")


def mqtt_topic(device: str, channel: Channel) -> str:
    """Return the MQTT topic of one device's channel.

    >>> mqtt_topic("fridge-1", "telemetry")
    'zd/v1/fridge-1/telemetry'
    """
    return f"zd/v1/{device}/{channel}"


def split_mqtt_topic(topic: str) -> tuple[str, str] | None:
    """Return (device, channel) of an MQTT topic of ours, or None for any other topic.

    >>> split_mqtt_topic("zd/v1/fridge-1/fault")
    ('fridge-1', 'fault')
    >>> split_mqtt_topic("zd/v1/fridge-1/nonsense") is None
    True
    """
    match = _TOPIC.fullmatch(topic)
    if match is None or match[2] not in (*UPWARD, "command", "stored"):
        return None
    return match[1], match[2]


def partition_of(device: str | bytes, partitions: int) -> int:
    """Return the partition of a device: CRC-32 of its id in UTF-8, so that any language computes the same.

    >>> partition_of("fridge-1", 24)
    20
    """
    return zlib.crc32(device.encode() if isinstance(device, str) else device) % partitions
