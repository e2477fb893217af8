from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.access_public import AccessPublic
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    device: str | Unset = "",
    limit: int | Unset = 100,
    x_actor: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_actor, Unset):
        headers["x-actor"] = x_actor

    params: dict[str, Any] = {}

    params["device"] = device

    params["limit"] = limit

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/access",
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> AccessPublic | Problem | None:
    if response.status_code == 200:
        response_200 = AccessPublic.from_dict(response.json())

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
) -> Response[AccessPublic | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    device: str | Unset = "",
    limit: int | Unset = 100,
    x_actor: None | str | Unset = UNSET,
) -> Response[AccessPublic | Problem]:
    """Return the devices that are out of use, and the audit, the newest first

     Return the devices that are out of use, and the audit, the newest first.

    Args:
        device (str | Unset):  Default: ''.
        limit (int | Unset):  Default: 100.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AccessPublic | Problem]
    """

    kwargs = _get_kwargs(
        device=device,
        limit=limit,
        x_actor=x_actor,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    device: str | Unset = "",
    limit: int | Unset = 100,
    x_actor: None | str | Unset = UNSET,
) -> AccessPublic | Problem | None:
    """Return the devices that are out of use, and the audit, the newest first

     Return the devices that are out of use, and the audit, the newest first.

    Args:
        device (str | Unset):  Default: ''.
        limit (int | Unset):  Default: 100.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AccessPublic | Problem
    """

    return sync_detailed(
        client=client,
        device=device,
        limit=limit,
        x_actor=x_actor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    device: str | Unset = "",
    limit: int | Unset = 100,
    x_actor: None | str | Unset = UNSET,
) -> Response[AccessPublic | Problem]:
    """Return the devices that are out of use, and the audit, the newest first

     Return the devices that are out of use, and the audit, the newest first.

    Args:
        device (str | Unset):  Default: ''.
        limit (int | Unset):  Default: 100.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AccessPublic | Problem]
    """

    kwargs = _get_kwargs(
        device=device,
        limit=limit,
        x_actor=x_actor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    device: str | Unset = "",
    limit: int | Unset = 100,
    x_actor: None | str | Unset = UNSET,
) -> AccessPublic | Problem | None:
    """Return the devices that are out of use, and the audit, the newest first

     Return the devices that are out of use, and the audit, the newest first.

    Args:
        device (str | Unset):  Default: ''.
        limit (int | Unset):  Default: 100.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AccessPublic | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            device=device,
            limit=limit,
            x_actor=x_actor,
        )
    ).parsed
