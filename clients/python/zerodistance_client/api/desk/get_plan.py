import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.day_plan_public import DayPlanPublic
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    day: datetime.date | None | Unset = UNSET,
    engineer: str | Unset = "",
    waiting: bool | Unset = False,
    x_actor: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_actor, Unset):
        headers["x-actor"] = x_actor

    params: dict[str, Any] = {}

    json_day: None | str | Unset
    if isinstance(day, Unset):
        json_day = UNSET
    elif isinstance(day, datetime.date):
        json_day = day.isoformat()
    else:
        json_day = day
    params["day"] = json_day

    params["engineer"] = engineer

    params["waiting"] = waiting

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/plan",
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> DayPlanPublic | Problem | None:
    if response.status_code == 200:
        response_200 = DayPlanPublic.from_dict(response.json())

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
) -> Response[DayPlanPublic | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    day: datetime.date | None | Unset = UNSET,
    engineer: str | Unset = "",
    waiting: bool | Unset = False,
    x_actor: None | str | Unset = UNSET,
) -> Response[DayPlanPublic | Problem]:
    """Return the plan of a day: who goes where in which order, with the way between

     Return the plan of a day: who goes where in which order, with the way between.

    Args:
        day (datetime.date | None | Unset): in each engineer's own time zone; empty: today
        engineer (str | Unset):  Default: ''.
        waiting (bool | Unset): also tickets without an agreed visit Default: False.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[DayPlanPublic | Problem]
    """

    kwargs = _get_kwargs(
        day=day,
        engineer=engineer,
        waiting=waiting,
        x_actor=x_actor,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    day: datetime.date | None | Unset = UNSET,
    engineer: str | Unset = "",
    waiting: bool | Unset = False,
    x_actor: None | str | Unset = UNSET,
) -> DayPlanPublic | Problem | None:
    """Return the plan of a day: who goes where in which order, with the way between

     Return the plan of a day: who goes where in which order, with the way between.

    Args:
        day (datetime.date | None | Unset): in each engineer's own time zone; empty: today
        engineer (str | Unset):  Default: ''.
        waiting (bool | Unset): also tickets without an agreed visit Default: False.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        DayPlanPublic | Problem
    """

    return sync_detailed(
        client=client,
        day=day,
        engineer=engineer,
        waiting=waiting,
        x_actor=x_actor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    day: datetime.date | None | Unset = UNSET,
    engineer: str | Unset = "",
    waiting: bool | Unset = False,
    x_actor: None | str | Unset = UNSET,
) -> Response[DayPlanPublic | Problem]:
    """Return the plan of a day: who goes where in which order, with the way between

     Return the plan of a day: who goes where in which order, with the way between.

    Args:
        day (datetime.date | None | Unset): in each engineer's own time zone; empty: today
        engineer (str | Unset):  Default: ''.
        waiting (bool | Unset): also tickets without an agreed visit Default: False.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[DayPlanPublic | Problem]
    """

    kwargs = _get_kwargs(
        day=day,
        engineer=engineer,
        waiting=waiting,
        x_actor=x_actor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    day: datetime.date | None | Unset = UNSET,
    engineer: str | Unset = "",
    waiting: bool | Unset = False,
    x_actor: None | str | Unset = UNSET,
) -> DayPlanPublic | Problem | None:
    """Return the plan of a day: who goes where in which order, with the way between

     Return the plan of a day: who goes where in which order, with the way between.

    Args:
        day (datetime.date | None | Unset): in each engineer's own time zone; empty: today
        engineer (str | Unset):  Default: ''.
        waiting (bool | Unset): also tickets without an agreed visit Default: False.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        DayPlanPublic | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            day=day,
            engineer=engineer,
            waiting=waiting,
            x_actor=x_actor,
        )
    ).parsed
