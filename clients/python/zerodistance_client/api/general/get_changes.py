from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    last_event_id: str | Unset = "",
    x_actor: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(last_event_id, Unset):
        headers["last-event-id"] = last_event_id

    if not isinstance(x_actor, Unset):
        headers["x-actor"] = x_actor

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/changes",
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | str | None:
    if response.status_code == 200:
        response_200 = response.text
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
) -> Response[Problem | str]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    last_event_id: str | Unset = "",
    x_actor: None | str | Unset = UNSET,
) -> Response[Problem | str]:
    """Stream changes as server-sent events

     Stream changes as server-sent events.

    ``event`` is ticket, message or device, ``data`` a JSON object with its id, ``id`` the number to
    resume
    from; an engineer hears of the own region and the own tickets. ``ready`` comes first. A reader that
    lost
    its connection sends ``Last-Event-ID`` and is given what it missed within the last hour, and perhaps
    some
    that it saw; ``resync`` says that something was missed and cannot be given: read everything again. A
    comment every 15 seconds keeps the line open.

    Args:
        last_event_id (str | Unset): id of the last change that was seen, to go on behind it
            Default: ''.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | str]
    """

    kwargs = _get_kwargs(
        last_event_id=last_event_id,
        x_actor=x_actor,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    last_event_id: str | Unset = "",
    x_actor: None | str | Unset = UNSET,
) -> Problem | str | None:
    """Stream changes as server-sent events

     Stream changes as server-sent events.

    ``event`` is ticket, message or device, ``data`` a JSON object with its id, ``id`` the number to
    resume
    from; an engineer hears of the own region and the own tickets. ``ready`` comes first. A reader that
    lost
    its connection sends ``Last-Event-ID`` and is given what it missed within the last hour, and perhaps
    some
    that it saw; ``resync`` says that something was missed and cannot be given: read everything again. A
    comment every 15 seconds keeps the line open.

    Args:
        last_event_id (str | Unset): id of the last change that was seen, to go on behind it
            Default: ''.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | str
    """

    return sync_detailed(
        client=client,
        last_event_id=last_event_id,
        x_actor=x_actor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    last_event_id: str | Unset = "",
    x_actor: None | str | Unset = UNSET,
) -> Response[Problem | str]:
    """Stream changes as server-sent events

     Stream changes as server-sent events.

    ``event`` is ticket, message or device, ``data`` a JSON object with its id, ``id`` the number to
    resume
    from; an engineer hears of the own region and the own tickets. ``ready`` comes first. A reader that
    lost
    its connection sends ``Last-Event-ID`` and is given what it missed within the last hour, and perhaps
    some
    that it saw; ``resync`` says that something was missed and cannot be given: read everything again. A
    comment every 15 seconds keeps the line open.

    Args:
        last_event_id (str | Unset): id of the last change that was seen, to go on behind it
            Default: ''.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | str]
    """

    kwargs = _get_kwargs(
        last_event_id=last_event_id,
        x_actor=x_actor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    last_event_id: str | Unset = "",
    x_actor: None | str | Unset = UNSET,
) -> Problem | str | None:
    """Stream changes as server-sent events

     Stream changes as server-sent events.

    ``event`` is ticket, message or device, ``data`` a JSON object with its id, ``id`` the number to
    resume
    from; an engineer hears of the own region and the own tickets. ``ready`` comes first. A reader that
    lost
    its connection sends ``Last-Event-ID`` and is given what it missed within the last hour, and perhaps
    some
    that it saw; ``resync`` says that something was missed and cannot be given: read everything again. A
    comment every 15 seconds keeps the line open.

    Args:
        last_event_id (str | Unset): id of the last change that was seen, to go on behind it
            Default: ''.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | str
    """

    return (
        await asyncio_detailed(
            client=client,
            last_event_id=last_event_id,
            x_actor=x_actor,
        )
    ).parsed
