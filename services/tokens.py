"""Tokens in the links that owners are sent: signed, good for one household, and not for ever.

Their age is counted in real time, whatever the platform's clock says: they guard against people.
"""

from __future__ import annotations

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from zerodistance.errors import UnauthenticatedError
from zerodistance.settings import Settings

# Long enough for the last message about a repair to be read.
MAX_AGE_S = 90 * 86_400
_LONGEST = 512  # longer texts are not looked at


def owner_token(settings: Settings, household_id: str) -> str:
    """Return a token that opens the page of one household."""
    return _signer(settings).dumps(household_id)


def owner_link(settings: Settings, household_id: str) -> str:
    """Return the address of a household's page, as the owner's browser reaches it."""
    base = (settings.public_url or settings.api_url).rstrip("/")
    return f"{base}/owner/{owner_token(settings, household_id)}"


def read_owner_token(settings: Settings, token: str) -> str:
    """Return the household that a token was made for.

    Raises:
        UnauthenticatedError: it was not signed by us, or is too old.
    """
    try:
        household = _signer(settings).loads(token[: _LONGEST + 1], max_age=MAX_AGE_S)
    except SignatureExpired as error:
        raise UnauthenticatedError("This link is too old: ask your service team for a new one.") from error
    except BadSignature as error:
        raise UnauthenticatedError("This link is not valid: ask your service team for a new one.") from error
    if not isinstance(household, str) or not household:
        raise UnauthenticatedError("This link is not valid: ask your service team for a new one.")
    return household


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secret_key, salt="owner")
