"""Where webhooks may lead: whoever enters an address must not reach through us what only we can reach.

The name is looked up once, every address that it has must be public, and the connection goes to one of those
that were looked at: a name that changes its mind in between gains nothing. Redirects are not followed.
(OWASP, "Server-Side Request Forgery Prevention Cheat Sheet".)
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from zerodistance.errors import InvalidMessageError, UnavailableError

LONGEST_URL = 2000
# Addresses of IPv6 that carry one of IPv4 to somebody who unwraps it (RFC 6052, RFC 8215).
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))

Lookup = Callable[[str, int], list[str]]


class Target(NamedTuple):
    """Where a request goes.

    Attributes:
        url: with an address instead of the name.
        host: as the header ``Host`` has it, port included where it is not the usual one.
        name: for the certificate.
    """

    url: str
    host: str
    name: str


def look_up(name: str, port: int) -> list[str]:
    """Return the addresses of a name, as the system knows it.

    Raises:
        UnavailableError: it has none.
    """
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnavailableError(f"The name {name} is not known.") from error
    return [str(entry[4][0]) for entry in found]


def check_url(url: str, *, private: bool) -> None:
    """Return if an address can be that of a webhook, as far as it says itself.

    Args:
        url: as it was entered.
        private: also an address that is not public, and http.

    Raises:
        InvalidMessageError: it is none; the sentence says why.
    """
    parts, port = _parts(url)
    if parts.scheme not in (("https", "http") if private else ("https",)):
        raise _refused("A webhook's address begins with https://.")
    if not private and (literal := _literal(parts.hostname or "")) is not None and not is_public(literal):
        raise _refused(f"{parts.hostname} is not a public address: ZD_WEBHOOK_PRIVATE allows them.")
    if not private and port not in (443, 8443) and port < 1024:
        raise _refused(f"Port {port} belongs to another service.")


def resolve(url: str, *, private: bool, lookup: Lookup = look_up) -> Target:
    """Return where a request to ``url`` goes, its name looked up and found to be public.

    Raises:
        InvalidMessageError: it leads where webhooks may not go.
        UnavailableError: the name is not known.
    """
    check_url(url, private=private)
    parts, port = _parts(url)
    name = parts.hostname or ""
    addresses = lookup(name, port)
    if not addresses:
        raise UnavailableError(f"The name {name} is not known.")
    if not private:
        for address in addresses:
            literal = _literal(address)
            if literal is None or not is_public(literal):
                raise _refused(f"{name} leads to an address that is not public.")
    chosen = addresses[0]
    shown = f"[{chosen}]" if ":" in chosen else chosen
    usual = port == (443 if parts.scheme == "https" else 80)
    host = f"[{name}]" if ":" in name else name
    return Target(
        parts._replace(netloc=f"{shown}:{port}", fragment="").geturl(),
        host if usual else f"{host}:{port}",
        name,
    )


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Return whether an address is reachable from everywhere, the one of IPv4 inside it included.

    >>> [is_public(ipaddress.ip_address(a)) for a in ("8.8.8.8", "10.0.0.1", "::1", "::ffff:127.0.0.1")]
    [True, False, False, False]
    >>> [is_public(ipaddress.ip_address(a)) for a in ("169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::")]
    [False, False, False]
    """
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in network for network in _TRANSLATED):
            return False
        inside = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inside is not None:
            return is_public(inside)
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )


def _parts(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise _refused("This is no address of a web server.") from error
    if not parts.hostname or len(url) > LONGEST_URL or not url.isascii() or not url.isprintable():
        raise _refused("This is no address of a web server.")
    if parts.username is not None or parts.password is not None:
        raise _refused("A webhook's address holds no user and no password: it is signed instead.")
    return parts, port


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _refused(sentence: str) -> InvalidMessageError:
    return InvalidMessageError("wrong_shape", sentence)
