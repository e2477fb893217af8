"""The console's one way to the platform: its HTTP API, with the staff token."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from services.account_schemas import OidcBeginning, OidcFinish, SessionPublic, SignIn
from services.console.acting import ActingAuth
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
from services.service_schemas import (
    CampaignClose,
    CampaignClosed,
    CampaignPublic,
    FiguresPublic,
    InspectionCreate,
    InspectionPublic,
    IssueRepairPublic,
    ProductIssueDetail,
    ProductIssueMove,
    ProductIssuePublic,
    WindowPublic,
)
from services.workbench_schemas import (
    BoardPublic,
    CampaignActed,
    CampaignCommand,
    CampaignLine,
    CampaignNews,
    HealthFile,
    InspectionLine,
    MemberPublic,
    SimilarPublic,
    TimelineEntry,
)
from zerodistance.errors import UnavailableError, ZeroDistanceError
from zerodistance.settings import Settings

_M = TypeVar("_M", bound=BaseModel)
_T = TypeVar("_T")
_UNCLAIMED = TypeAdapter(list[UnclaimedPublic])
_ENGINEERS = TypeAdapter(list[EngineerPublic])
_INSIGHTS = TypeAdapter(list[InsightPublic])
_CAMPAIGNS = TypeAdapter(list[CampaignPublic])
_MEMBERS = TypeAdapter(list[MemberPublic])
_LINES = TypeAdapter(list[CampaignLine])
_WINDOWS = TypeAdapter(list[WindowPublic])
_INSPECTIONS = TypeAdapter(list[InspectionPublic])
_INSPECTION_LINES = TypeAdapter(list[InspectionLine])
_TIMELINE = TypeAdapter(list[TimelineEntry])
_ISSUES = TypeAdapter(list[ProductIssuePublic])
_REPAIRS = TypeAdapter(list[IssueRepairPublic])
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


class CredentialState(BaseModel):
    """What the device page tells of a credential; the API says more."""

    kind: str
    created_at: datetime
    not_after: datetime | None
    revoked_at: datetime | None


_CREDENTIALS = TypeAdapter(list[CredentialState])


class ApiClient:
    """Calls the API and returns what :mod:`services.schemas` describes.

    Every method raises:
        UnavailableError: the API cannot be reached or answers 502–504.
        ApiProblemError: it refused; the text is its own sentence.
    """

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.http = httpx.AsyncClient(
            base_url=settings.api_url.rstrip("/") + "/api/v1",
            headers={"Accept": "application/json"},
            auth=ActingAuth(settings),
            timeout=_TIMEOUT,
            transport=transport,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def sign_in(self, login: str, password: str) -> SessionPublic:
        """Begin somebody's session."""
        wish = SignIn(login=login, password=password or " ")
        return await self._post("/sessions", SessionPublic, wish)

    async def begin_oidc(self, redirect: str) -> OidcBeginning:
        """Return where to send the browser that signs in at the provider, and what to keep meanwhile."""
        return await self._get("/sessions/oidc", OidcBeginning, {"redirect_uri": redirect})

    async def finish_oidc(self, wish: OidcFinish) -> SessionPublic:
        """Begin the session of somebody who is back from the provider."""
        return await self._post("/sessions/oidc", SessionPublic, wish)

    async def check_session(self) -> None:
        """Return if the API knows who acts."""
        await self._call("GET", "/me")

    async def sign_out(self) -> None:
        """End the session of whoever acts."""
        await self.http.delete("/sessions/current")

    async def overview(self) -> Overview:
        """Return the figures on top and the platform's time."""
        return await self._get("/overview", Overview)

    async def tickets(
        self,
        state: str = "open",
        *,
        device: str = "",
        limit: int = 100,
        cursor: str = "",
        stage: Sequence[str] = (),
        **filters: str,
    ) -> TicketPage:
        """Return a page of tickets, ordered by what matters; ``filters``: as the API names them."""
        query = {"state": state, "device": device, "limit": limit, "cursor": cursor, "stage": list(stage)}
        query |= filters
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

    async def windows(self, ticket: str) -> list[WindowPublic]:
        """Return the visit windows that can be offered for a ticket."""
        return _read(_WINDOWS.validate_python, await self._call("GET", f"/tickets/{_part(ticket)}/windows"))

    async def similar(self, ticket: str) -> SimilarPublic:
        """Return what became of earlier tickets with the same cause."""
        return await self._get(f"/tickets/{_part(ticket)}/similar", SimilarPublic)

    async def inspections(self, device: str) -> list[InspectionPublic]:
        """Return what was measured at an appliance, the latest first."""
        path = f"/devices/{_part(device)}/inspections"
        return _read(_INSPECTIONS.validate_python, await self._call("GET", path))

    async def latest_inspections(self) -> list[InspectionLine]:
        """Return the latest measurements at any appliance."""
        return _read(_INSPECTION_LINES.validate_python, await self._call("GET", "/inspections"))

    async def inspect(self, device: str, wish: InspectionCreate, actor: str = "") -> InspectionPublic:
        """Enter a measurement."""
        return await self._post(f"/devices/{_part(device)}/inspections", InspectionPublic, wish, actor)

    async def health(self, device: str) -> HealthFile:
        """Return how an appliance is."""
        return await self._get(f"/devices/{_part(device)}/health", HealthFile)

    async def timeline(self, device: str) -> list[TimelineEntry]:
        """Return what happened at an appliance, the latest first."""
        path = f"/devices/{_part(device)}/timeline"
        return _read(_TIMELINE.validate_python, await self._call("GET", path))

    async def credentials(self, device: str) -> list[CredentialState]:
        """Return the state of an appliance's credentials, the newest first."""
        path = f"/devices/{_part(device)}/credentials"
        return _read(_CREDENTIALS.validate_python, await self._call("GET", path))

    async def campaigns(self) -> list[CampaignPublic]:
        """Return the campaigns, open ones first."""
        return _read(_CAMPAIGNS.validate_python, await self._call("GET", "/campaigns"))

    async def campaign(self, campaign: str) -> CampaignPublic:
        """Return one campaign."""
        return await self._get(f"/campaigns/{_part(campaign)}", CampaignPublic)

    async def members(self, campaign: str) -> list[MemberPublic]:
        """Return the appliances of a campaign."""
        path = f"/campaigns/{_part(campaign)}/members"
        return _read(_MEMBERS.validate_python, await self._call("GET", path))

    async def campaign_history(self, campaign: str) -> list[CampaignLine]:
        """Return what was done in a campaign."""
        path = f"/campaigns/{_part(campaign)}/history"
        return _read(_LINES.validate_python, await self._call("GET", path))

    async def tell_all(
        self, campaign: str, words: Mapping[str, str], version: int | None, actor: str = ""
    ) -> CampaignActed:
        """Tell the owners of all appliances of a campaign, as it was seen at ``version``."""
        body = CampaignNews.model_validate({"words": dict(words), "version": version})
        return await self._post(f"/campaigns/{_part(campaign)}/messages", CampaignActed, body, actor)

    async def command_all(self, campaign: str, wish: CampaignCommand, actor: str = "") -> CampaignActed:
        """Tell all appliances of a campaign to do something."""
        return await self._post(f"/campaigns/{_part(campaign)}/commands", CampaignActed, wish, actor)

    async def close_campaign(
        self, campaign: str, note: str, version: int | None, actor: str = ""
    ) -> CampaignClosed:
        """Close a campaign, as it was seen at ``version``."""
        body = CampaignClose(note=note, version=version)
        return await self._post(f"/campaigns/{_part(campaign)}/close", CampaignClosed, body, actor)

    async def product_issues(self, *, closed: bool = False) -> list[ProductIssuePublic]:
        """Return the product issues that are open, the most prevalent first; or those that are closed."""
        query = {"closed": "true" if closed else ""}
        return _read(_ISSUES.validate_python, await self._call("GET", "/product-issues", query))

    async def product_issue(self, issue: str) -> ProductIssueDetail:
        """Return one product issue with what its appliances have in common."""
        return await self._get(f"/product-issues/{_part(issue)}", ProductIssueDetail)

    async def repairs(self, issue: str) -> list[IssueRepairPublic]:
        """Return the repairs behind a product issue, the latest first."""
        path = f"/product-issues/{_part(issue)}/repairs"
        return _read(_REPAIRS.validate_python, await self._call("GET", path))

    async def move_issue(self, issue: str, move: ProductIssueMove, actor: str = "") -> ProductIssuePublic:
        """Move a product issue."""
        return await self._post(f"/product-issues/{_part(issue)}/moves", ProductIssuePublic, move, actor)

    async def board(self, *, day: str = "", engineer: str = "", waiting: bool = False) -> BoardPublic:
        """Return the plan of a day; ``day``: as a date in ISO form, "" for today."""
        query = {"day": day, "engineer": engineer, "waiting": "true" if waiting else ""}
        return await self._get("/plan/board", BoardPublic, query)

    async def figures(self, days: int) -> FiguresPublic:
        """Return the figures over the tickets of so many days."""
        return await self._get("/figures", FiguresPublic, {"days": days})

    async def _get(self, path: str, model: type[_M], query: Mapping[str, Any] | None = None) -> _M:
        return _read(model.model_validate, await self._call("GET", path, query))

    async def _post(self, path: str, model: type[_M], body: BaseModel, actor: str = "") -> _M:
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
    elif response.status_code == 401:
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
    if response.status_code == 401 and "/sessions" not in response.request.url.path:
        detail = fallback
    if response.status_code in (502, 503, 504):
        return UnavailableError(str(detail))
    return ApiProblemError(response.status_code, code, str(detail))
