"""The first account of an installation: somebody has to let the others in."""

from __future__ import annotations

import structlog

from services.accounts import repository
from services.accounts.identity import tenant_of
from services.accounts.roles import AccountRole
from zerodistance.errors import ConflictError, InvalidMessageError, SettingsError
from zerodistance.settings import Settings
from zerodistance.store.database import Pool, translated

LOGIN = "admin"
_log = structlog.get_logger(__name__)


def make_first_account(pool: Pool, settings: Settings) -> bool:
    """Make the account ``admin`` with ``ZD_STAFF_PASSWORD``, where the tenant has no account at all.

    Whoever would rather not have a password in the environment makes the first account by
    ``zerodistance users add`` before the API starts. Nothing is made again: an admin that was renamed or
    disabled stays so.

    Returns:
        Whether it was made.

    Raises:
        SettingsError: the password is too short to be one.
    """
    with translated(), pool.connection() as conn:
        tenant = tenant_of(conn, settings.tenant)
        if repository.listing(conn, tenant, limit=1):
            return False
        try:
            repository.add(
                conn,
                tenant,
                LOGIN,
                [AccountRole.ADMIN],
                created_by="first start",
                name="Administrator",
                password=settings.staff_password,
                short=settings.profile == "demo",
            )
        except InvalidMessageError as error:
            raise SettingsError(f"ZD_STAFF_PASSWORD, the first account's, is not usable: {error}") from error
        except ConflictError:  # another process of the API was quicker, or another tenant has the name
            return False
    _log.info("accounts.first", login=LOGIN, tenant=settings.tenant)
    return True
