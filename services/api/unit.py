"""One request that changes something is one transaction: change, audit and answer stand or fall together.

:class:`UnitRoute` is the class of every route of the API. It commits when the handler has answered, keeps
the answer where an ``Idempotency-Key`` was sent, and gives it again to whoever repeats the request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, cast

import psycopg
from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from psycopg.types.json import Jsonb
from starlette.concurrency import run_in_threadpool

from services.accounts import audit
from services.accounts.identity import Identity
from services.accounts.scope import enter, find_target, widen
from zerodistance.errors import ConflictError, InvalidMessageError, UnavailableError, ZeroDistanceError
from zerodistance.store.database import Connection, Pool, translated

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
KEY_HEADER = "Idempotency-Key"
LONGEST_KEY = 255
# Answers are given again for a day: after that a key is free.
KEPT = "1 day"
# A repeat waits so long for the request that it repeats, which may be under way still.
_PATIENCE_MS = 5_000
_KEPT_HEADERS = ("content-type", "etag", "location")


class KeyInUseError(ConflictError):
    """The request with this key is under way still."""

    code = "idempotency_in_progress"


class AnswerGoneError(ConflictError):
    """The request with this key was carried out; its answer cannot be given a second time."""

    code = "idempotency_answer_gone"


class KeyReusedError(ZeroDistanceError):
    """The key was used for a different request."""

    code = "idempotency_key_reused"
    http_status = 422


class Replay(Exception):  # noqa: N818 - no error: it carries the answer that was given before
    """The request was answered before."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Unit:
    """The transaction of one changing request, on a connection of its own.

    Attributes:
        conn: bound to the caller's scope.
    """

    def __init__(self, pool: Pool, identity: Identity, *, action: str, target: str, address: str) -> None:
        self._pool, self._identity = pool, identity
        self._action, self._target, self._address = action, target, address
        self._key = ""
        self._open = True
        self.conn: Connection = pool.getconn()

    def begin(self, targets: Mapping[str, str], key: str, fingerprint: bytes) -> None:
        """Look the targets up as the caller sees them, then let the desk see the tenant; claim the key.

        Raises:
            NotFoundError: the caller does not see what the path names.
            Replay: the request was answered before.
            ConflictError: the same request is under way, or was carried out and cannot be answered again.
            KeyReusedError: the key was used for something else.
        """
        with translated(), refused():
            enter(self.conn, self._identity.scope)
            for name, value in targets.items():
                find_target(self.conn, name, value)
            widen(self.conn)
            if key:
                self._claim(key, fingerprint)

    def finish(self, response: Response, body: bytes) -> None:
        """Write the audit, keep the answer, commit."""
        with translated(), refused():
            if response.status_code < 400:
                audit.write(
                    self.conn, self._identity, self._action, self._target, self._address, audit.told(body)
                )
                if self._key:
                    self._keep(response)
                self.conn.commit()
        self.close()

    def close(self) -> None:
        """Give the connection back; what was not committed is undone."""
        if self._open:
            self._open = False
            self._pool.putconn(self.conn)

    def _claim(self, key: str, fingerprint: bytes) -> None:
        whose = (self._identity.scope.tenant, self._identity.principal)
        self.conn.execute(
            "DELETE FROM idempotent_answer WHERE tenant_id = %s AND principal = %s"
            " AND created_at < now() - %s::interval",
            (*whose, KEPT),
        )
        try:
            # Whoever came first holds the row until it commits; the second waits for that here.
            self.conn.execute("SELECT set_config('lock_timeout', %s, true)", (str(_PATIENCE_MS),))
            made = self.conn.execute(
                "INSERT INTO idempotent_answer (tenant_id, principal, key, fingerprint)"
                " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (*whose, key, fingerprint),
            )
        except psycopg.errors.LockNotAvailable as error:
            raise KeyInUseError(
                f"The request with this {KEY_HEADER} is under way still: ask again in a moment."
            ) from error
        self.conn.execute("SELECT set_config('lock_timeout', '0', true)")
        if made.rowcount:
            self._key = key
            return
        row = self.conn.execute(
            "SELECT fingerprint, status, headers, body FROM idempotent_answer"
            " WHERE tenant_id = %s AND principal = %s AND key = %s",
            (*whose, key),
        ).fetchone()
        if row is None or row[0] != fingerprint:
            raise KeyReusedError(f"This {KEY_HEADER} was used for another request: choose a new one.")
        if row[1] is None:
            raise AnswerGoneError(
                "This was done before. Its answer held a secret and was not kept: "
                "take back what was made, and make it anew with a new key."
            )
        raise Replay(Response(row[3], row[1], {**row[2], "Idempotent-Replayed": "true"}))

    def _keep(self, response: Response) -> None:
        if "no-store" in response.headers.get("cache-control", ""):
            return  # it holds a secret
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        self.conn.execute(
            "UPDATE idempotent_answer SET status = %s, headers = %s, body = %s"
            " WHERE tenant_id = %s AND principal = %s AND key = %s",
            (
                response.status_code,
                Jsonb(headers),
                bytes(response.body),
                self._identity.scope.tenant,
                self._identity.principal,
                self._key,
            ),
        )


class refused:  # noqa: N801 - used as a context manager
    """Tell a value that no column takes, and a row that is another tenant's, from a fault of ours.

    Raises:
        InvalidMessageError: the caller gave a value that cannot be stored (a zero byte, say).
        ConflictError: the id that the caller chose is taken, by whom is not told.
    """

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Translate what the database said."""
        if isinstance(error, psycopg.DataError):
            raise InvalidMessageError(
                "wrong_shape", "The request holds a value that cannot be stored."
            ) from error
        if isinstance(error, psycopg.errors.InsufficientPrivilege) and "row-level security" in str(error):
            raise ConflictError("This id is taken: choose another one.") from error


def fingerprint(method: str, path: str, query: str, body: bytes) -> bytes:
    """Return what makes a request the same as another one."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), query.encode(), body))).digest()


class UnitRoute(APIRoute):
    """A route whose changing requests are one :class:`Unit`; GETs with an ETag know If-None-Match."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the unit around it."""
        original = super().get_route_handler()

        async def handler(request: Request) -> Response:
            if request.method not in CHANGING:
                return _unless_known(request, await original(request))
            request.state.unit = None
            request.state.body = await request.body()
            try:
                response = await original(request)
                unit = cast("Unit | None", request.state.unit)
                if unit is not None:
                    await run_in_threadpool(unit.finish, response, request.state.body)
                return response
            except Replay as replay:
                return replay.response
            finally:
                left = cast("Unit | None", request.state.unit)
                if left is not None:
                    with suppress(UnavailableError):
                        left.close()

        return handler


def _unless_known(request: Request, response: Response) -> Response:
    """Return 304 where the caller has this version already (RFC 9110, section 13.1.2)."""
    tag = response.headers.get("etag")
    known = request.headers.get("if-none-match", "")
    if tag and response.status_code == 200 and tag in {part.strip() for part in known.split(",")}:
        return Response(status_code=304, headers={"ETag": tag})
    return response
