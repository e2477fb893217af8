"""Where the MQTT broker is: ``ZD_MQTT``, read in one place."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from zerodistance.errors import SettingsError

_PORT, _TLS_PORT = 1883, 8883


class Address(NamedTuple):
    """Where a broker is, from ``ZD_MQTT``."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool


def parse_address(url: str) -> Address:
    """Read ``mqtt://[user:password@]host[:port]`` or ``mqtts://…``.

    Raises:
        SettingsError: for anything else; what was given is not repeated, it may hold a password.

    >>> parse_address("mqtt://zd:p%40ss@broker").port
    1883
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.path.strip("/"):
        raise SettingsError(
            "ZD_MQTT is not understood: write mqtt://host:port, mqtt://user:password@host:port or mqtts://…"
        )
    tls = parts.scheme == "mqtts"
    return Address(
        parts.hostname,
        port or (_TLS_PORT if tls else _PORT),
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        tls,
    )
