from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.account_create import AccountCreate
from ...models.account_public import AccountPublic
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: AccountCreate,
    x_actor: None | str | Unset = UNSET,
    idempotency_key: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_actor, Unset):
        headers["x-actor"] = x_actor

    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/accounts",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> AccountPublic | Problem | None:
    if response.status_code == 201:
        response_201 = AccountPublic.from_dict(response.json())

        return response_201

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    if response.status_code == 413:
        response_413 = Problem.from_dict(response.json())

        return response_413

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
) -> Response[AccountPublic | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: AccountCreate,
    x_actor: None | str | Unset = UNSET,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[AccountPublic | Problem]:
    """Make an account

     Make an account.

    Args:
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -
        idempotency_key (None | str | Unset): With POST: a repeat with the same key is answered as
            the first time, and does nothing
        body (AccountCreate): A new account. Without a password its holder signs in by OpenID
            Connect: the login is their address. Example: {'engineer_id': 'engineer-1', 'login':
            'wang.wei', 'name': 'Wang Wei', 'password': 'a long sentence of my own', 'roles':
            ['engineer']}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AccountPublic | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        x_actor=x_actor,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    body: AccountCreate,
    x_actor: None | str | Unset = UNSET,
    idempotency_key: None | str | Unset = UNSET,
) -> AccountPublic | Problem | None:
    """Make an account

     Make an account.

    Args:
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -
        idempotency_key (None | str | Unset): With POST: a repeat with the same key is answered as
            the first time, and does nothing
        body (AccountCreate): A new account. Without a password its holder signs in by OpenID
            Connect: the login is their address. Example: {'engineer_id': 'engineer-1', 'login':
            'wang.wei', 'name': 'Wang Wei', 'password': 'a long sentence of my own', 'roles':
            ['engineer']}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AccountPublic | Problem
    """

    return sync_detailed(
        client=client,
        body=body,
        x_actor=x_actor,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: AccountCreate,
    x_actor: None | str | Unset = UNSET,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[AccountPublic | Problem]:
    """Make an account

     Make an account.

    Args:
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -
        idempotency_key (None | str | Unset): With POST: a repeat with the same key is answered as
            the first time, and does nothing
        body (AccountCreate): A new account. Without a password its holder signs in by OpenID
            Connect: the login is their address. Example: {'engineer_id': 'engineer-1', 'login':
            'wang.wei', 'name': 'Wang Wei', 'password': 'a long sentence of my own', 'roles':
            ['engineer']}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AccountPublic | Problem]
    """

    kwargs = _get_kwargs(
        body=body,
        x_actor=x_actor,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: AccountCreate,
    x_actor: None | str | Unset = UNSET,
    idempotency_key: None | str | Unset = UNSET,
) -> AccountPublic | Problem | None:
    """Make an account

     Make an account.

    Args:
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -
        idempotency_key (None | str | Unset): With POST: a repeat with the same key is answered as
            the first time, and does nothing
        body (AccountCreate): A new account. Without a password its holder signs in by OpenID
            Connect: the login is their address. Example: {'engineer_id': 'engineer-1', 'login':
            'wang.wei', 'name': 'Wang Wei', 'password': 'a long sentence of my own', 'roles':
            ['engineer']}.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        AccountPublic | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
            x_actor=x_actor,
            idempotency_key=idempotency_key,
        )
    ).parsed
