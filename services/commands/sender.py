"""Commands over MQTT, QoS 1: sent means that the broker has confirmed."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from services.commands.repository import CommandRow
from zerodistance.broker import parse_address
from zerodistance.errors import UnavailableError
from zerodistance.messages import CommandPayload, mqtt_topic

_CONFIRM_TIMEOUT_S = 5.0
_KEEPALIVE_S = 30
_log = structlog.get_logger(__name__)


class CommandSender:
    """A connection to the broker that publishes commands; it reconnects by itself.

    Args:
        url: ``ZD_MQTT``.

    Raises:
        SettingsError: the address is not understood.
    """

    def __init__(self, url: str) -> None:
        address = parse_address(url)
        self._connected = threading.Event()
        # MQTT 3.1.1: what is used here is the same in 5, and every broker has it.
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"zd-work-{uuid.uuid4().hex[:12]}", clean_session=True
        )
        address.prepare(self._client)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.reconnect_delay_set(1, 15)
        self._client.connect_async(address.host, address.port, _KEEPALIVE_S)
        self._client.loop_start()

    @property
    def connected(self) -> bool:
        """The broker has accepted the connection."""
        return self._connected.is_set()

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait for the connection; return whether it stands."""
        return self._connected.wait(timeout_s)

    def send(self, command: CommandRow) -> None:
        """Publish a command and wait until the broker has it.

        Raises:
            UnavailableError: it did not confirm in time; whether it has the command is not known, and a
                second copy carries the same id.
        """
        payload = CommandPayload(
            id=command.id,
            name=command.name,
            arguments=command.arguments,
            expires=command.expires_at.isoformat().replace("+00:00", "Z"),
        )
        info = self._client.publish(
            mqtt_topic(command.device_id, "command"), msgspec.json.encode(payload), qos=1
        )
        try:
            if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
                info.wait_for_publish(_CONFIRM_TIMEOUT_S)
        except (RuntimeError, ValueError) as error:
            raise UnavailableError(f"The MQTT broker does not take commands: {error}.") from error
        if not info.is_published():
            raise UnavailableError("The MQTT broker did not confirm a command; it is sent again.")

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            _log.warning("commands.refused_by_broker", reason=str(reason))
        else:
            self._connected.set()

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._connected.clear()
        if reason.is_failure:
            _log.warning("commands.broker_lost", reason=str(reason))
