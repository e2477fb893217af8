"""Secrets of webhooks as they are kept: sealed with a key made of ``ZD_SECRET_KEY``.

Signing takes the secret itself, so a hash would not do; the key is not in the database, so that a copy of
that alone signs nothing.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken

from zerodistance.errors import StoreError


class Sealer:
    """Seals and opens secrets.

    Args:
        secret_key: ``ZD_SECRET_KEY``.
    """

    def __init__(self, secret_key: str) -> None:
        derived = hashlib.blake2b(secret_key.encode(), digest_size=32, person=b"zd-webhooks").digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def seal(self, secret: str) -> bytes:
        """Return what is kept of a secret."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Return the secret.

        Raises:
            StoreError: it was sealed under another key.
        """
        try:
            return self._fernet.decrypt(bytes(sealed)).decode()
        except InvalidToken as error:
            raise StoreError(
                "The secret of this webhook was sealed under another ZD_SECRET_KEY: give it a new one."
            ) from error
