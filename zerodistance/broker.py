"""Where the MQTT broker is and how to come in: ``ZD_MQTT``, read in one place."""

from __future__ import annotations

import ssl
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import paho.mqtt.client as paho

from zerodistance.errors import SettingsError

_PORT, _TLS_PORT = 1883, 8883
_FILES = ("ca", "cert", "key")
_SHAPE = (
    "ZD_MQTT is not understood: write mqtt://host:port, mqtt://user:password@host:port or "
    "mqtts://user:password@host:port?ca=FILE (and &cert=FILE&key=FILE for a client certificate)."
)


class Address(NamedTuple):
    """Where a broker is, from ``ZD_MQTT``.

    Attributes:
        host: name or address; with TLS what the server's certificate must name.
        port: 1883, with TLS 8883, unless given.
        user: account; None: anonymous, or by certificate.
        password: its secret.
        tls: whether the connection is encrypted and the server's certificate checked.
        ca: file of the authorities to trust; None: the system's.
        cert: file of our own certificate chain.
        key: file of its key.
    """

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool
    ca: str | None = None
    cert: str | None = None
    key: str | None = None

    def context(self) -> ssl.SSLContext | None:
        """Return what TLS is spoken with, None for an address without it. It may serve many clients.

        Raises:
            SettingsError: a file of the address is missing, or is none.
        """
        if not self.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.cert is not None:
                context.load_cert_chain(self.cert, self.key)
        except OSError as error:  # ssl.SSLError is one
            named = ", ".join(name for name in (self.ca, self.cert, self.key) if name is not None)
            raise SettingsError(
                f"The files that ZD_MQTT names for TLS ({named}) cannot be used: {error}."
            ) from error
        return context

    def prepare(self, client: paho.Client) -> None:
        """Give a client that is not connected yet its account, and TLS if the address wants it.

        Raises:
            SettingsError: a file of the address is missing, or is none.
        """
        if self.user is not None:
            client.username_pw_set(self.user, self.password)
        context = self.context()
        if context is not None:
            client.tls_set_context(context)


def parse_address(url: str) -> Address:
    """Read ``mqtt://[user:password@]host[:port]`` or ``mqtts://…[?ca=FILE][&cert=FILE&key=FILE]``.

    Raises:
        SettingsError: for anything else; what was given is not repeated, it may hold a password.

    >>> parse_address("mqtt://zd:p%40ss@broker").port
    1883
    >>> parse_address("mqtts://zd:pw@broker?ca=/etc/zd/ca.pem")[:6]
    ('broker', 8883, 'zd', 'pw', True, '/etc/zd/ca.pem')
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        files = parse_qs(parts.query, strict_parsing=True, max_num_fields=3) if parts.query else {}
    except ValueError:
        raise SettingsError(_SHAPE) from None
    tls = parts.scheme == "mqtts"
    if (
        parts.scheme not in ("mqtt", "mqtts")
        or not parts.hostname
        or parts.path.strip("/")
        or parts.fragment
        or (files and not tls)
        or any(name not in _FILES or len(values) > 1 for name, values in files.items())
        or ("cert" in files) != ("key" in files)
    ):
        raise SettingsError(_SHAPE)
    return Address(
        parts.hostname,
        port or (_TLS_PORT if tls else _PORT),
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        tls,
        *(files[name][0] if name in files else None for name in _FILES),
    )
