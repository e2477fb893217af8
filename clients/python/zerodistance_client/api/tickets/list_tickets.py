from http import HTTPStatus
from typing import Any, Literal

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.list_tickets_stage_item import (
    ListTicketsStageItem,
)
from ...models.list_tickets_state import ListTicketsState
from ...models.list_tickets_urgency_type_0 import (
    ListTicketsUrgencyType0,
)
from ...models.problem import Problem
from ...models.ticket_page import TicketPage
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    state: ListTicketsState | Unset = "open",
    device: str | Unset = "",
    q: str | Unset = "",
    stage: list[ListTicketsStageItem] | Unset = UNSET,
    urgency: ListTicketsUrgencyType0 | Literal[""] | Unset = "",
    type_: str | Unset = "",
    region: str | Unset = "",
    origin: str | Unset = "",
    assignee: str | Unset = "",
    limit: int | Unset = 50,
    cursor: str | Unset = "",
    x_actor: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_actor, Unset):
        headers["x-actor"] = x_actor

    params: dict[str, Any] = {}

    json_state: str | Unset = UNSET
    if not isinstance(state, Unset):
        json_state = state

    params["state"] = json_state

    params["device"] = device

    params["q"] = q

    json_stage: list[str] | Unset = UNSET
    if not isinstance(stage, Unset):
        json_stage = []
        for stage_item_data in stage:
            stage_item: str = stage_item_data
            json_stage.append(stage_item)

    params["stage"] = json_stage

    json_urgency: Literal[""] | str | Unset
    if isinstance(urgency, Unset):
        json_urgency = UNSET
    elif isinstance(urgency, str):
        json_urgency = urgency
    else:
        json_urgency = urgency
    params["urgency"] = json_urgency

    params["type"] = type_

    params["region"] = region

    params["origin"] = origin

    params["assignee"] = assignee

    params["limit"] = limit

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/tickets",
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | TicketPage | None:
    if response.status_code == 200:
        response_200 = TicketPage.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    if response.status_code == 429:
        response_429 = Problem.from_dict(response.json())

        return response_429

    if response.status_code == 503:
        response_503 = Problem.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | TicketPage]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    state: ListTicketsState | Unset = "open",
    device: str | Unset = "",
    q: str | Unset = "",
    stage: list[ListTicketsStageItem] | Unset = UNSET,
    urgency: ListTicketsUrgencyType0 | Literal[""] | Unset = "",
    type_: str | Unset = "",
    region: str | Unset = "",
    origin: str | Unset = "",
    assignee: str | Unset = "",
    limit: int | Unset = 50,
    cursor: str | Unset = "",
    x_actor: None | str | Unset = UNSET,
) -> Response[Problem | TicketPage]:
    """Return a page of tickets, ordered by what matters (open) or the latest first

     Return a page of tickets, ordered by what matters (open) or the latest first.

    Args:
        state (ListTicketsState | Unset):  Default: 'open'.
        device (str | Unset):  Default: ''.
        q (str | Unset): a number, or part of a device's id or name Default: ''.
        stage (list[ListTicketsStageItem] | Unset): only in one of these states
        urgency (ListTicketsUrgencyType0 | Literal[''] | Unset):  Default: ''.
        type_ (str | Unset): appliance type Default: ''.
        region (str | Unset):  Default: ''.
        origin (str | Unset): predicted, detected, fault_code, owner … Default: ''.
        assignee (str | Unset): an engineer's id; none: nobody's yet Default: ''.
        limit (int | Unset):  Default: 50.
        cursor (str | Unset):  Default: ''.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | TicketPage]
    """

    kwargs = _get_kwargs(
        state=state,
        device=device,
        q=q,
        stage=stage,
        urgency=urgency,
        type_=type_,
        region=region,
        origin=origin,
        assignee=assignee,
        limit=limit,
        cursor=cursor,
        x_actor=x_actor,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    state: ListTicketsState | Unset = "open",
    device: str | Unset = "",
    q: str | Unset = "",
    stage: list[ListTicketsStageItem] | Unset = UNSET,
    urgency: ListTicketsUrgencyType0 | Literal[""] | Unset = "",
    type_: str | Unset = "",
    region: str | Unset = "",
    origin: str | Unset = "",
    assignee: str | Unset = "",
    limit: int | Unset = 50,
    cursor: str | Unset = "",
    x_actor: None | str | Unset = UNSET,
) -> Problem | TicketPage | None:
    """Return a page of tickets, ordered by what matters (open) or the latest first

     Return a page of tickets, ordered by what matters (open) or the latest first.

    Args:
        state (ListTicketsState | Unset):  Default: 'open'.
        device (str | Unset):  Default: ''.
        q (str | Unset): a number, or part of a device's id or name Default: ''.
        stage (list[ListTicketsStageItem] | Unset): only in one of these states
        urgency (ListTicketsUrgencyType0 | Literal[''] | Unset):  Default: ''.
        type_ (str | Unset): appliance type Default: ''.
        region (str | Unset):  Default: ''.
        origin (str | Unset): predicted, detected, fault_code, owner … Default: ''.
        assignee (str | Unset): an engineer's id; none: nobody's yet Default: ''.
        limit (int | Unset):  Default: 50.
        cursor (str | Unset):  Default: ''.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | TicketPage
    """

    return sync_detailed(
        client=client,
        state=state,
        device=device,
        q=q,
        stage=stage,
        urgency=urgency,
        type_=type_,
        region=region,
        origin=origin,
        assignee=assignee,
        limit=limit,
        cursor=cursor,
        x_actor=x_actor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    state: ListTicketsState | Unset = "open",
    device: str | Unset = "",
    q: str | Unset = "",
    stage: list[ListTicketsStageItem] | Unset = UNSET,
    urgency: ListTicketsUrgencyType0 | Literal[""] | Unset = "",
    type_: str | Unset = "",
    region: str | Unset = "",
    origin: str | Unset = "",
    assignee: str | Unset = "",
    limit: int | Unset = 50,
    cursor: str | Unset = "",
    x_actor: None | str | Unset = UNSET,
) -> Response[Problem | TicketPage]:
    """Return a page of tickets, ordered by what matters (open) or the latest first

     Return a page of tickets, ordered by what matters (open) or the latest first.

    Args:
        state (ListTicketsState | Unset):  Default: 'open'.
        device (str | Unset):  Default: ''.
        q (str | Unset): a number, or part of a device's id or name Default: ''.
        stage (list[ListTicketsStageItem] | Unset): only in one of these states
        urgency (ListTicketsUrgencyType0 | Literal[''] | Unset):  Default: ''.
        type_ (str | Unset): appliance type Default: ''.
        region (str | Unset):  Default: ''.
        origin (str | Unset): predicted, detected, fault_code, owner … Default: ''.
        assignee (str | Unset): an engineer's id; none: nobody's yet Default: ''.
        limit (int | Unset):  Default: 50.
        cursor (str | Unset):  Default: ''.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | TicketPage]
    """

    kwargs = _get_kwargs(
        state=state,
        device=device,
        q=q,
        stage=stage,
        urgency=urgency,
        type_=type_,
        region=region,
        origin=origin,
        assignee=assignee,
        limit=limit,
        cursor=cursor,
        x_actor=x_actor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    state: ListTicketsState | Unset = "open",
    device: str | Unset = "",
    q: str | Unset = "",
    stage: list[ListTicketsStageItem] | Unset = UNSET,
    urgency: ListTicketsUrgencyType0 | Literal[""] | Unset = "",
    type_: str | Unset = "",
    region: str | Unset = "",
    origin: str | Unset = "",
    assignee: str | Unset = "",
    limit: int | Unset = 50,
    cursor: str | Unset = "",
    x_actor: None | str | Unset = UNSET,
) -> Problem | TicketPage | None:
    """Return a page of tickets, ordered by what matters (open) or the latest first

     Return a page of tickets, ordered by what matters (open) or the latest first.

    Args:
        state (ListTicketsState | Unset):  Default: 'open'.
        device (str | Unset):  Default: ''.
        q (str | Unset): a number, or part of a device's id or name Default: ''.
        stage (list[ListTicketsStageItem] | Unset): only in one of these states
        urgency (ListTicketsUrgencyType0 | Literal[''] | Unset):  Default: ''.
        type_ (str | Unset): appliance type Default: ''.
        region (str | Unset):  Default: ''.
        origin (str | Unset): predicted, detected, fault_code, owner … Default: ''.
        assignee (str | Unset): an engineer's id; none: nobody's yet Default: ''.
        limit (int | Unset):  Default: 50.
        cursor (str | Unset):  Default: ''.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | TicketPage
    """

    return (
        await asyncio_detailed(
            client=client,
            state=state,
            device=device,
            q=q,
            stage=stage,
            urgency=urgency,
            type_=type_,
            region=region,
            origin=origin,
            assignee=assignee,
            limit=limit,
            cursor=cursor,
            x_actor=x_actor,
        )
    ).parsed
