from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.remote import Remote
from ...types import Response


def _get_kwargs(
    token: str,
    device_id: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/owner/{token}/devices/{device_id}/remote".format(
            token=quote(str(token), safe=""),
            device_id=quote(str(device_id), safe=""),
        ),
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | Remote | None:
    if response.status_code == 200:
        response_200 = Remote.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

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
) -> Response[Problem | Remote]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    token: str,
    device_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[Problem | Remote]:
    """Return what an appliance was told last, and what it reports: they agree once it has obeyed

     Return what an appliance was told last, and what it reports: they agree once it has obeyed.

    Args:
        token (str):
        device_id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Remote]
    """

    kwargs = _get_kwargs(
        token=token,
        device_id=device_id,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    token: str,
    device_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Problem | Remote | None:
    """Return what an appliance was told last, and what it reports: they agree once it has obeyed

     Return what an appliance was told last, and what it reports: they agree once it has obeyed.

    Args:
        token (str):
        device_id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Remote
    """

    return sync_detailed(
        token=token,
        device_id=device_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    token: str,
    device_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[Problem | Remote]:
    """Return what an appliance was told last, and what it reports: they agree once it has obeyed

     Return what an appliance was told last, and what it reports: they agree once it has obeyed.

    Args:
        token (str):
        device_id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Remote]
    """

    kwargs = _get_kwargs(
        token=token,
        device_id=device_id,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    token: str,
    device_id: str,
    *,
    client: AuthenticatedClient | Client,
) -> Problem | Remote | None:
    """Return what an appliance was told last, and what it reports: they agree once it has obeyed

     Return what an appliance was told last, and what it reports: they agree once it has obeyed.

    Args:
        token (str):
        device_id (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Remote
    """

    return (
        await asyncio_detailed(
            token=token,
            device_id=device_id,
            client=client,
        )
    ).parsed
