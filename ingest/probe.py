"""Ask a broker whether it is there, with a client that leaves no trace."""

from __future__ import annotations

import time
import uuid
from typing import Any, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from zerodistance.broker import parse_address


class Answer(NamedTuple):
    """What the broker at ``place`` speaks, or the problem in a sentence."""

    place: str
    protocol: str = ""
    problem: str = ""


def probe(url: str, timeout_s: float = 3.0) -> Answer:
    """Connect with MQTT 5, then with 3.1.1, each for ``timeout_s`` real seconds at most.

    Raises:
        SettingsError: the address is malformed.
    """
    address = parse_address(url)
    place = f"{address.host}:{address.port}"
    said: list[ReasonCode] = []

    def on_connect(
        _client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        said.append(reason)

    for protocol, name in ((MQTTProtocolVersion.MQTTv5, "5"), (MQTTProtocolVersion.MQTTv311, "3.1.1")):
        said.clear()
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"zd-doctor-{uuid.uuid4().hex[:8]}",
            protocol=protocol,
            reconnect_on_failure=False,
        )
        client.connect_timeout = timeout_s
        address.prepare(client)
        client.on_connect = on_connect
        try:
            client.connect(address.host, address.port)
        except (OSError, ValueError) as error:
            return Answer(place, problem=f"no broker answers at {place}: {error}.")
        deadline = time.monotonic() + timeout_s
        while not said and client.socket() is not None and time.monotonic() < deadline:
            client.loop(0.1)
        if said and not said[0].is_failure:
            client.disconnect()
            return Answer(place, name)
        refused = said[0] if said else None
        sock = client.socket()
        if sock is not None:
            sock.close()
        if refused is not None and "protocol" not in str(refused).lower():
            return Answer(place, problem=f"the broker at {place} refuses us: {refused}.")
    return Answer(place, problem=f"{place} accepts connections but does not speak MQTT.")
