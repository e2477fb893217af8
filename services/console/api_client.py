"""The console's one way to the platform: its HTTP API, with the staff token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from services.schemas import (
    CommandCreate,
    CommandPublic,
    DeviceClaim,
    DeviceDetail,
    DevicePage,
    EngineerPublic,
    EvidencePlot,
    InsightPublic,
    Overview,
    Series,
    TicketMove,
    TicketPage,
    TicketPublic,
    UnclaimedPublic,
)
from zerodistance.errors import UnavailableError, ZeroDistanceError
from zerodistance.settings import Settings

_M = TypeVar("_M", bound=BaseModel)
_T = TypeVar("_T")
_UNCLAIMED = TypeAdapter(list[UnclaimedPublic])
_ENGINEERS = TypeAdapter(list[EngineerPublic])
_INSIGHTS = TypeAdapter(list[InsightPublic])
# A page makes a handful of calls; slower than this, a person thinks that nothing happens.
_TIMEOUT = httpx.Timeout(10.0, connect=3.0)


class ApiProblemError(ZeroDistanceError):
    """The API refused, with a problem document.

    Attributes:
        status: its HTTP status.
        problem: its stable code.
    """

    code = "api_problem"

    def __init__(self, status: int, problem: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.problem = problem


class ApiClient:
    """Calls the API and returns what :mod:`services.schemas` describes.

    Every method raises:
        UnavailableError: the API cannot be reached or answers 502–504.
        ApiProblemError: it refused; the text is its own sentence.
    """

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.http = httpx.AsyncClient(
            base_url=settings.api_url.rstrip("/") + "/api/v1",
            headers={"Authorization": f"Bearer {settings.staff_token}", "Accept": "application/json"},
            timeout=_TIMEOUT,
            transport=transport,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def overview(self) -> Overview:
        """Return the figures on top and the platform's time."""
        return await self._get("/overview", Overview)

    async def tickets(
        self, state: str = "open", *, device: str = "", limit: int = 100, cursor: str = ""
    ) -> TicketPage:
        """Return a page of tickets, ordered by what matters."""
        query = {"state": state, "device": device, "limit": limit, "cursor": cursor}
        return await self._get("/tickets", TicketPage, query)

    async def ticket(self, ticket: str) -> TicketPublic:
        """Return a whole ticket."""
        return await self._get(f"/tickets/{_part(ticket)}", TicketPublic)

    async def evidence(self, ticket: str) -> EvidencePlot:
        """Return the series behind a ticket, most telling first."""
        return await self._get(f"/tickets/{_part(ticket)}/evidence", EvidencePlot)

    async def move(self, ticket: str, move: TicketMove, actor: str = "") -> TicketPublic:
        """Move a ticket; a conflict (409) says that somebody else did so first."""
        return await self._post(f"/tickets/{_part(ticket)}/moves", TicketPublic, move, actor)

    async def engineers(self) -> list[EngineerPublic]:
        """Return the engineers who can be sent, by name."""
        return _read(_ENGINEERS.validate_python, await self._call("GET", "/engineers"))

    async def devices(self, *, q: str = "", kind: str = "", limit: int = 100, cursor: str = "") -> DevicePage:
        """Return a page of devices."""
        return await self._get(
            "/devices", DevicePage, {"q": q, "type": kind, "limit": limit, "cursor": cursor}
        )

    async def device(self, device: str) -> DeviceDetail:
        """Return a device with its latest readings and commands."""
        return await self._get(f"/devices/{_part(device)}", DeviceDetail)

    async def series(self, device: str, channel: str, hours: int) -> Series:
        """Return one channel's last ``hours`` platform hours."""
        query = {"channel": channel, "hours": hours}
        return await self._get(f"/devices/{_part(device)}/series", Series, query)

    async def command(self, device: str, command: CommandCreate, actor: str = "") -> CommandPublic:
        """Tell an appliance to do something."""
        return await self._post(f"/devices/{_part(device)}/commands", CommandPublic, command, actor)

    async def unclaimed(self) -> list[UnclaimedPublic]:
        """Return the devices that publish and are nobody's yet."""
        return _read(_UNCLAIMED.validate_python, await self._call("GET", "/unclaimed"))

    async def claim(self, device: str, claim: DeviceClaim, actor: str = "") -> None:
        """Adopt a device."""
        await self._call("POST", f"/unclaimed/{_part(device)}/claim", body=claim, actor=actor)

    async def insights(self, device: str) -> list[InsightPublic]:
        """Return what is worth knowing about how an appliance is used."""
        return _read(_INSIGHTS.validate_python, await self._call("GET", "/insights", {"device": device}))

    async def _get(self, path: str, model: type[_M], query: Mapping[str, Any] | None = None) -> _M:
        return _read(model.model_validate, await self._call("GET", path, query))

    async def _post(self, path: str, model: type[_M], body: BaseModel, actor: str) -> _M:
        return _read(model.model_validate, await self._call("POST", path, body=body, actor=actor))

    async def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: BaseModel | None = None,
        actor: str = "",
    ) -> Any:
        params = {key: value for key, value in (query or {}).items() if value != ""}
        try:
            response = await self.http.request(
                method,
                path,
                params=params,
                json=body.model_dump(mode="json") if body else None,
                headers={"X-Actor": actor} if actor else None,
            )
        except httpx.HTTPError as error:
            raise UnavailableError(
                "The platform's API does not answer. Check that `zerodistance serve` runs, then try again."
            ) from error
        if response.is_success:
            return response.json() if response.content else None
        raise _problem(response)


def _part(text: str) -> str:
    return quote(text, safe="")


def _read(read: Callable[[Any], _T], value: Any) -> _T:
    try:
        return read(value)
    except ValidationError as error:
        raise ApiProblemError(
            502,
            "unreadable",
            "The API answers in a way this console does not know: run the same version of both.",
        ) from error


def _problem(response: httpx.Response) -> ZeroDistanceError:
    """Translate a refusal into one sentence."""
    if response.status_code in (502, 503, 504):
        fallback = "The platform's API is not ready yet. Try again in a moment."
    elif response.status_code in (401, 403):
        fallback = "The API does not accept this console's token: set the same ZD_STAFF_TOKEN for both."
    else:
        fallback = f"The API refused with status {response.status_code}."
    try:
        document = response.json()
        detail = document.get("detail") or document.get("title") or fallback
        code = str(document.get("code", ""))
    except (ValueError, AttributeError):
        detail, code = fallback, ""
    if isinstance(detail, list):  # FastAPI's own validation errors
        detail = "; ".join(f"{'.'.join(map(str, e.get('loc', [])[1:]))}: {e.get('msg')}" for e in detail)
    if response.status_code in (401, 403):
        detail = fallback
    if response.status_code in (502, 503, 504):
        return UnavailableError(str(detail))
    return ApiProblemError(response.status_code, code, str(detail))
