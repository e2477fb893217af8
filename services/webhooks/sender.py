"""Posting one event to one receiver: signed, to a checked address, within a time, without following it on."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import structlog

from services.webhooks import guard, signing
from zerodistance.errors import InvalidMessageError, UnavailableError

# A receiver takes note and answers; what takes longer it does afterwards (the specification says 15 to 30 s).
TIMEOUT_S = 15.0
_AGENT = "zerodistance-webhooks/1"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that is to be tried now.

    Attributes:
        private: it may lead to an address that is not public: the settings say so.
        secrets: those that sign it, the present one first.
        attempts: this one included.
        failures: of its receiver in a row, before this attempt.
    """

    webhook_id: str
    event_id: str
    url: str
    private: bool
    secrets: tuple[str, ...]
    type: str
    time: datetime
    data: dict[str, Any]
    attempts: int
    failures: int


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ended.

    Attributes:
        status: of the answer; None: there was none.
        error: empty: it was taken.
        asked_s: for how long the receiver asks to be left alone.
        hopeless: it said that it wants to hear no more (410 Gone).
        reachable: it answered that this request does not suit it; others may.
    """

    status: int | None
    error: str
    took_ms: int
    asked_s: float = 0.0
    hopeless: bool = False
    reachable: bool = False


def encode(due: Due) -> bytes:
    """Return the body: the same bytes each time, whatever attempt it is."""
    document = {"id": due.event_id, "type": due.type, "timestamp": due.time.isoformat(), "data": due.data}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


class Sender:
    """Posts events; several at a time.

    Args:
        lookup: name → addresses.
        clock: seconds since 1970, for the timestamp that is signed.
        transport: for tests.
        timeout_s: of one attempt, all in all.
        private: all may lead to addresses that are not public.
    """

    def __init__(
        self,
        lookup: guard.Lookup = guard.look_up,
        clock: Callable[[], float] = time.time,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_s: float = TIMEOUT_S,
        *,
        private: bool = False,
    ) -> None:
        self._lookup = lookup
        self._clock = clock
        self._transport = transport
        self._timeout_s = timeout_s
        self._private = private
        self._trust = ssl.create_default_context()

    def post(self, dues: list[Due]) -> list[Result]:
        """Try all of them side by side; return how each ended, in their order."""
        return asyncio.run(self._post_all(dues))

    async def _post_all(self, dues: list[Due]) -> list[Result]:
        # Neither proxies of the environment, which would look names up themselves, nor redirects.
        async with httpx.AsyncClient(
            verify=self._trust, transport=self._transport, trust_env=False, follow_redirects=False
        ) as http:
            return await asyncio.gather(*(self._post(http, due) for due in dues))

    async def _post(self, http: httpx.AsyncClient, due: Due) -> Result:
        began = time.perf_counter()

        def took() -> int:
            return round(1000 * (time.perf_counter() - began))

        try:
            # Of the whole: one byte every few seconds is no answer either.
            async with asyncio.timeout(self._timeout_s):
                target = await asyncio.to_thread(
                    guard.resolve, due.url, private=due.private or self._private, lookup=self._lookup
                )
                answer = await self._send(http, due, target)
        except TimeoutError:
            return Result(None, f"No answer within {self._timeout_s:g} s.", took())
        except InvalidMessageError as error:
            return Result(None, str(error), took(), reachable=True)
        except (httpx.HTTPError, httpx.InvalidURL, UnavailableError) as error:
            said = str(error) if isinstance(error, UnavailableError) else type(error).__name__
            return Result(None, f"The receiver does not answer: {said}", took())
        except Exception as error:  # whatever one receiver brings about, the others are told
            _log.exception("webhooks.attempt_failed", webhook=due.webhook_id)
            return Result(None, f"The attempt failed: {type(error).__name__}", took())
        status = answer.status_code
        if answer.is_success:
            return Result(status, "", took())
        return Result(
            status,
            f"The receiver answered with status {status}.",
            took(),
            asked_s=_asked(answer) if status in (429, 503) else 0.0,
            hopeless=status == 410,
            reachable=400 <= status < 500 and status not in (401, 403, 404, 408, 410, 429),
        )

    async def _send(self, http: httpx.AsyncClient, due: Due, target: guard.Target) -> httpx.Response:
        body = encode(due)
        request = http.build_request(
            "POST",
            target.url,
            content=body,
            headers={
                "Host": target.host,
                "Content-Type": "application/json",
                "User-Agent": _AGENT,
                **signing.headers(due.secrets, due.event_id, int(self._clock()), body),
            },
            extensions={"sni_hostname": target.name},
            timeout=self._timeout_s,
        )
        answer = await http.send(request, stream=True)
        await answer.aclose()  # what it says beyond the status is not read
        return answer


def _asked(answer: httpx.Response) -> float:
    """Return the seconds of Retry-After; a date there is not followed."""
    said = answer.headers.get("Retry-After", "")
    return float(said) if said.isascii() and said.isdecimal() and len(said) < 8 else 0.0
