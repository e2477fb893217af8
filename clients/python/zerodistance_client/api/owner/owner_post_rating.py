from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.rating_create import RatingCreate
from ...models.rating_public import RatingPublic
from ...types import UNSET, Response, Unset


def _get_kwargs(
    token: str,
    ticket_id: str,
    *,
    body: RatingCreate,
    idempotency_key: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/owner/{token}/tickets/{ticket_id}/rating".format(
            token=quote(str(token), safe=""),
            ticket_id=quote(str(ticket_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | RatingPublic | None:
    if response.status_code == 200:
        response_200 = RatingPublic.from_dict(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

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
) -> Response[Problem | RatingPublic]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    token: str,
    ticket_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: RatingCreate,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Problem | RatingPublic]:
    """Rate a service, 1 to 5

     Rate a service, 1 to 5.

    Args:
        token (str):
        ticket_id (str):
        idempotency_key (None | str | Unset): With POST: a repeat with the same key is answered as
            the first time, and does nothing
        body (RatingCreate): The owner's rating of a service: 5 is best. ``scores`` are of single
            aspects, as far as given.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | RatingPublic]
    """

    kwargs = _get_kwargs(
        token=token,
        ticket_id=ticket_id,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    token: str,
    ticket_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: RatingCreate,
    idempotency_key: None | str | Unset = UNSET,
) -> Problem | RatingPublic | None:
    """Rate a service, 1 to 5

     Rate a service, 1 to 5.

    Args:
        token (str):
        ticket_id (str):
        idempotency_key (None | str | Unset): With POST: a repeat with the same key is answered as
            the first time, and does nothing
        body (RatingCreate): The owner's rating of a service: 5 is best. ``scores`` are of single
            aspects, as far as given.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | RatingPublic
    """

    return sync_detailed(
        token=token,
        ticket_id=ticket_id,
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    token: str,
    ticket_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: RatingCreate,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Problem | RatingPublic]:
    """Rate a service, 1 to 5

     Rate a service, 1 to 5.

    Args:
        token (str):
        ticket_id (str):
        idempotency_key (None | str | Unset): With POST: a repeat with the same key is answered as
            the first time, and does nothing
        body (RatingCreate): The owner's rating of a service: 5 is best. ``scores`` are of single
            aspects, as far as given.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | RatingPublic]
    """

    kwargs = _get_kwargs(
        token=token,
        ticket_id=ticket_id,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    token: str,
    ticket_id: str,
    *,
    client: AuthenticatedClient | Client,
    body: RatingCreate,
    idempotency_key: None | str | Unset = UNSET,
) -> Problem | RatingPublic | None:
    """Rate a service, 1 to 5

     Rate a service, 1 to 5.

    Args:
        token (str):
        ticket_id (str):
        idempotency_key (None | str | Unset): With POST: a repeat with the same key is answered as
            the first time, and does nothing
        body (RatingCreate): The owner's rating of a service: 5 is best. ``scores`` are of single
            aspects, as far as given.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | RatingPublic
    """

    return (
        await asyncio_detailed(
            token=token,
            ticket_id=ticket_id,
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
