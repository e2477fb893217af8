from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.unclaimed_public import UnclaimedPublic
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    x_actor: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_actor, Unset):
        headers["x-actor"] = x_actor

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/unclaimed",
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | list[UnclaimedPublic] | None:
    if response.status_code == 200:
        response_200 = []
        _response_200 = response.json()
        for response_200_item_data in _response_200:
            response_200_item = UnclaimedPublic.from_dict(response_200_item_data)

            response_200.append(response_200_item)

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
) -> Response[Problem | list[UnclaimedPublic]]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    x_actor: None | str | Unset = UNSET,
) -> Response[Problem | list[UnclaimedPublic]]:
    """Return the devices that publish and are nobody's yet, the most recently heard first

     Return the devices that publish and are nobody's yet, the most recently heard first.

    Args:
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | list[UnclaimedPublic]]
    """

    kwargs = _get_kwargs(
        x_actor=x_actor,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    x_actor: None | str | Unset = UNSET,
) -> Problem | list[UnclaimedPublic] | None:
    """Return the devices that publish and are nobody's yet, the most recently heard first

     Return the devices that publish and are nobody's yet, the most recently heard first.

    Args:
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | list[UnclaimedPublic]
    """

    return sync_detailed(
        client=client,
        x_actor=x_actor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    x_actor: None | str | Unset = UNSET,
) -> Response[Problem | list[UnclaimedPublic]]:
    """Return the devices that publish and are nobody's yet, the most recently heard first

     Return the devices that publish and are nobody's yet, the most recently heard first.

    Args:
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | list[UnclaimedPublic]]
    """

    kwargs = _get_kwargs(
        x_actor=x_actor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    x_actor: None | str | Unset = UNSET,
) -> Problem | list[UnclaimedPublic] | None:
    """Return the devices that publish and are nobody's yet, the most recently heard first

     Return the devices that publish and are nobody's yet, the most recently heard first.

    Args:
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | list[UnclaimedPublic]
    """

    return (
        await asyncio_detailed(
            client=client,
            x_actor=x_actor,
        )
    ).parsed
