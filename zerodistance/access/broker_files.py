"""What Mosquitto reads of us: its password file and the revocation list. Pure, but for the writing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from zerodistance.access.files import write_atomically
from zerodistance.access.passwords import hash_secret, is_platform_account, matches
from zerodistance.errors import SettingsError
from zerodistance.messages.topics import DEVICE_ID

PASSWORDS, REVOKED, GENERATION = "passwords", "revoked.pem", "generation"
# Long enough that nobody guesses it, short enough for the broker.
_SHORTEST, _LONGEST = 16, 256


def read_accounts(text: str) -> dict[str, str]:
    """Return name → password of ``ZD_BROKER_ACCOUNTS``.

    Raises:
        SettingsError: it is not understood, or a password is too short; none is repeated.

    >>> read_accounts("_ingest:0123456789abcdef, _store:fedcba9876543210")
    {'_ingest': '0123456789abcdef', '_store': 'fedcba9876543210'}
    """
    accounts: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _colon, password = part.partition(":")
        if not is_platform_account(name) or name in accounts:
            raise SettingsError(
                "ZD_BROKER_ACCOUNTS is not understood: write _name:password, joined by commas; names are "
                "unique and begin with _, which no device id does."
            )
        if not _SHORTEST <= len(password) <= _LONGEST or not password.isprintable():
            raise SettingsError(
                f"The password of {name} in ZD_BROKER_ACCOUNTS must have {_SHORTEST} to {_LONGEST} "
                "characters."
            )
        accounts[name] = password
    return accounts


def password_file(accounts: Mapping[str, str], devices: Mapping[str, str], before: str = "") -> str:
    """Return the password file.

    Args:
        accounts: the platform's own, name → password.
        devices: device → hash.
        before: the file as it stands; a hash there that still fits its account is taken over, so that an
            unchanged file stays the same.
    """
    standing = dict(line.split(":", 1) for line in before.splitlines() if ":" in line)
    lines = []
    for name, password in sorted(accounts.items()):
        hashed = standing.get(name, "")
        lines.append(f"{name}:{hashed if matches(password, hashed) else hash_secret(password)}\n")
    # The table's checks allow nothing else; a line break here would be an account of somebody's choosing.
    lines.extend(
        f"{device}:{hashed}\n"
        for device, hashed in sorted(devices.items())
        if DEVICE_ID.fullmatch(device) and hashed.isprintable()
    )
    return "".join(lines)


def write_files(folder: Path, passwords: str, revoked: bytes | None, generation: str) -> None:
    """Write what the broker reads, and last the generation: whoever sees it changed finds the rest in place.

    Raises:
        HostError: the folder cannot be written.
    """
    write_atomically(folder / PASSWORDS, passwords.encode(), 0o640)
    if revoked is not None:
        write_atomically(folder / REVOKED, revoked, 0o644)
    write_atomically(folder / GENERATION, f"{generation}\n".encode(), 0o644)
