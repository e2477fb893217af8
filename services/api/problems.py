"""Errors as problem documents (RFC 9457), each with the stable code of the error tree."""

from __future__ import annotations

import math
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from services.accounts.sessions import TooManyRequestsError
from services.schemas import ChangeTold, Problem
from zerodistance.errors import StoreError, UnauthenticatedError, UnavailableError, ZeroDistanceError

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger(__name__)
TITLES = {
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Precondition failed",
    413: "Too large",
    422: "Not understood",
    428: "Precondition required",
    429: "Too many requests",
    500: "Internal error",
    503: "Not available",
}


# Codes of what the framework refuses before any of our code is reached.
HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}


class PreconditionError(ZeroDistanceError):
    """The caller saw another version than the one that stands."""

    code = "precondition_failed"
    http_status = 412


class ChangedError(ZeroDistanceError):
    """Somebody else changed it since the caller looked: nothing was overwritten.

    Attributes:
        version: that stands now.
        changes: by whom, when, what.
    """

    code = "conflict"
    http_status = 409

    def __init__(self, message: str, version: int, changes: list[ChangeTold]) -> None:
        super().__init__(message)
        self.version = version
        self.changes = changes


class ChangedPreconditionError(ChangedError):
    """The same, told to a caller that sent If-Match."""

    code = "precondition_failed"
    http_status = 412


class VersionNeededError(ZeroDistanceError):
    """The caller did not say which version it saw."""

    code = "precondition_required"
    http_status = 428


def problem(
    status: int, code: str, detail: str, headers: dict[str, str] | None = None, **more: Any
) -> Response:
    """Return a problem document; ``more`` are its further members."""
    body = Problem(title=TITLES.get(status, "Error"), status=status, detail=detail, code=code, **more)
    return JSONResponse(body.model_dump(mode="json", exclude_none=True), status, headers, MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Make every error of ``app`` a problem document."""

    @app.exception_handler(ZeroDistanceError)
    def ours(request: Request, error: Exception) -> Response:
        if not isinstance(error, ZeroDistanceError):
            raise error
        headers = {}
        if isinstance(error, UnavailableError):
            headers["Retry-After"] = str(math.ceil(error.retry_after_s))
        if isinstance(error, TooManyRequestsError):
            headers["Retry-After"] = str(math.ceil(error.retry_after_s))
        if isinstance(error, UnauthenticatedError):
            headers["WWW-Authenticate"] = "Bearer"
        if isinstance(error, StoreError):
            # What the database said may show data: it goes to our log, not to the caller.
            _log.error("api.store_error", path=request.url.path, error=str(error))
            return problem(500, error.code, "The database refused the request.", headers)
        more: dict[str, Any] = {}
        if isinstance(error, ChangedError):
            more = {"version": error.version, "changes": error.changes}
        return problem(error.http_status, error.code, str(error), headers, **more)

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        sentences = [
            f"{'.'.join(str(part) for part in entry['loc'])}: {entry['msg']}" for entry in error.errors()[:5]
        ]
        return problem(422, "invalid_request", "; ".join(sentences))

    @app.exception_handler(HTTPException)
    def http(_request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        code = HTTP_CODES.get(error.status_code, "error")
        return problem(error.status_code, code, str(error.detail), dict(error.headers or {}))

    @app.exception_handler(Exception)
    def unforeseen(request: Request, error: Exception) -> Response:
        _log.error("api.failed", path=request.url.path, exc_info=error)
        return problem(500, "error", "Something went wrong on our side; it was written to the log.")


RESPONSES: dict[int | str, dict[str, object]] = {
    status: {"model": Problem, "description": TITLES[status], "content": {MEDIA_TYPE: {}}}
    for status in (401, 403, 404, 409, 422, 429, 503)
}
