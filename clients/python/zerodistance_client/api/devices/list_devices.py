from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.device_page import DevicePage
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    q: str | Unset = "",
    type_: str | Unset = "",
    limit: int | Unset = 50,
    cursor: str | Unset = "",
    x_actor: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_actor, Unset):
        headers["x-actor"] = x_actor

    params: dict[str, Any] = {}

    params["q"] = q

    params["type"] = type_

    params["limit"] = limit

    params["cursor"] = cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/devices",
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> DevicePage | Problem | None:
    if response.status_code == 200:
        response_200 = DevicePage.from_dict(response.json())

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
) -> Response[DevicePage | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    q: str | Unset = "",
    type_: str | Unset = "",
    limit: int | Unset = 50,
    cursor: str | Unset = "",
    x_actor: None | str | Unset = UNSET,
) -> Response[DevicePage | Problem]:
    """Return a page of devices, by id

     Return a page of devices, by id.

    Args:
        q (str | Unset): part of the id, name or model Default: ''.
        type_ (str | Unset): appliance type Default: ''.
        limit (int | Unset):  Default: 50.
        cursor (str | Unset):  Default: ''.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[DevicePage | Problem]
    """

    kwargs = _get_kwargs(
        q=q,
        type_=type_,
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
    q: str | Unset = "",
    type_: str | Unset = "",
    limit: int | Unset = 50,
    cursor: str | Unset = "",
    x_actor: None | str | Unset = UNSET,
) -> DevicePage | Problem | None:
    """Return a page of devices, by id

     Return a page of devices, by id.

    Args:
        q (str | Unset): part of the id, name or model Default: ''.
        type_ (str | Unset): appliance type Default: ''.
        limit (int | Unset):  Default: 50.
        cursor (str | Unset):  Default: ''.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        DevicePage | Problem
    """

    return sync_detailed(
        client=client,
        q=q,
        type_=type_,
        limit=limit,
        cursor=cursor,
        x_actor=x_actor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    q: str | Unset = "",
    type_: str | Unset = "",
    limit: int | Unset = 50,
    cursor: str | Unset = "",
    x_actor: None | str | Unset = UNSET,
) -> Response[DevicePage | Problem]:
    """Return a page of devices, by id

     Return a page of devices, by id.

    Args:
        q (str | Unset): part of the id, name or model Default: ''.
        type_ (str | Unset): appliance type Default: ''.
        limit (int | Unset):  Default: 50.
        cursor (str | Unset):  Default: ''.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[DevicePage | Problem]
    """

    kwargs = _get_kwargs(
        q=q,
        type_=type_,
        limit=limit,
        cursor=cursor,
        x_actor=x_actor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    q: str | Unset = "",
    type_: str | Unset = "",
    limit: int | Unset = 50,
    cursor: str | Unset = "",
    x_actor: None | str | Unset = UNSET,
) -> DevicePage | Problem | None:
    """Return a page of devices, by id

     Return a page of devices, by id.

    Args:
        q (str | Unset): part of the id, name or model Default: ''.
        type_ (str | Unset): appliance type Default: ''.
        limit (int | Unset):  Default: 50.
        cursor (str | Unset):  Default: ''.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        DevicePage | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            q=q,
            type_=type_,
            limit=limit,
            cursor=cursor,
            x_actor=x_actor,
        )
    ).parsed
