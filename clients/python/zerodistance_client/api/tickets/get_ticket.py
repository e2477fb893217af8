from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.ticket_public import TicketPublic
from ...types import UNSET, Response, Unset


def _get_kwargs(
    ticket_id: str,
    *,
    x_actor: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_actor, Unset):
        headers["x-actor"] = x_actor

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/tickets/{ticket_id}".format(
            ticket_id=quote(str(ticket_id), safe=""),
        ),
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | TicketPublic | None:
    if response.status_code == 200:
        response_200 = TicketPublic.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

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
) -> Response[Problem | TicketPublic]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    ticket_id: str,
    *,
    client: AuthenticatedClient,
    x_actor: None | str | Unset = UNSET,
) -> Response[Problem | TicketPublic]:
    """Return a whole ticket; its ETag is its version and a digest of what is said of it

     Return a whole ticket; its ETag is its version and a digest of what is said of it.

    Args:
        ticket_id (str):
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | TicketPublic]
    """

    kwargs = _get_kwargs(
        ticket_id=ticket_id,
        x_actor=x_actor,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    ticket_id: str,
    *,
    client: AuthenticatedClient,
    x_actor: None | str | Unset = UNSET,
) -> Problem | TicketPublic | None:
    """Return a whole ticket; its ETag is its version and a digest of what is said of it

     Return a whole ticket; its ETag is its version and a digest of what is said of it.

    Args:
        ticket_id (str):
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | TicketPublic
    """

    return sync_detailed(
        ticket_id=ticket_id,
        client=client,
        x_actor=x_actor,
    ).parsed


async def asyncio_detailed(
    ticket_id: str,
    *,
    client: AuthenticatedClient,
    x_actor: None | str | Unset = UNSET,
) -> Response[Problem | TicketPublic]:
    """Return a whole ticket; its ETag is its version and a digest of what is said of it

     Return a whole ticket; its ETag is its version and a digest of what is said of it.

    Args:
        ticket_id (str):
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | TicketPublic]
    """

    kwargs = _get_kwargs(
        ticket_id=ticket_id,
        x_actor=x_actor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    ticket_id: str,
    *,
    client: AuthenticatedClient,
    x_actor: None | str | Unset = UNSET,
) -> Problem | TicketPublic | None:
    """Return a whole ticket; its ETag is its version and a digest of what is said of it

     Return a whole ticket; its ETag is its version and a digest of what is said of it.

    Args:
        ticket_id (str):
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | TicketPublic
    """

    return (
        await asyncio_detailed(
            ticket_id=ticket_id,
            client=client,
            x_actor=x_actor,
        )
    ).parsed
