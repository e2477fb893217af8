from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.figures_public import FiguresPublic
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    days: float | Unset = 30.0,
    x_actor: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_actor, Unset):
        headers["x-actor"] = x_actor

    params: dict[str, Any] = {}

    params["days"] = days

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/figures",
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> FiguresPublic | Problem | None:
    if response.status_code == 200:
        response_200 = FiguresPublic.from_dict(response.json())

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
) -> Response[FiguresPublic | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    days: float | Unset = 30.0,
    x_actor: None | str | Unset = UNSET,
) -> Response[FiguresPublic | Problem]:
    """Return satisfaction, first-time fix, precision, service levels, visits avoided, and each engineer's

     Return satisfaction, first-time fix, precision, service levels, visits avoided, and each engineer's.

    Args:
        days (float | Unset): tickets opened within so many days Default: 30.0.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[FiguresPublic | Problem]
    """

    kwargs = _get_kwargs(
        days=days,
        x_actor=x_actor,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    days: float | Unset = 30.0,
    x_actor: None | str | Unset = UNSET,
) -> FiguresPublic | Problem | None:
    """Return satisfaction, first-time fix, precision, service levels, visits avoided, and each engineer's

     Return satisfaction, first-time fix, precision, service levels, visits avoided, and each engineer's.

    Args:
        days (float | Unset): tickets opened within so many days Default: 30.0.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        FiguresPublic | Problem
    """

    return sync_detailed(
        client=client,
        days=days,
        x_actor=x_actor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    days: float | Unset = 30.0,
    x_actor: None | str | Unset = UNSET,
) -> Response[FiguresPublic | Problem]:
    """Return satisfaction, first-time fix, precision, service levels, visits avoided, and each engineer's

     Return satisfaction, first-time fix, precision, service levels, visits avoided, and each engineer's.

    Args:
        days (float | Unset): tickets opened within so many days Default: 30.0.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[FiguresPublic | Problem]
    """

    kwargs = _get_kwargs(
        days=days,
        x_actor=x_actor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    days: float | Unset = 30.0,
    x_actor: None | str | Unset = UNSET,
) -> FiguresPublic | Problem | None:
    """Return satisfaction, first-time fix, precision, service levels, visits avoided, and each engineer's

     Return satisfaction, first-time fix, precision, service levels, visits avoided, and each engineer's.

    Args:
        days (float | Unset): tickets opened within so many days Default: 30.0.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        FiguresPublic | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            days=days,
            x_actor=x_actor,
        )
    ).parsed
