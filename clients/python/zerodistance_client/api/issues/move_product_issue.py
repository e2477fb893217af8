from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.product_issue_move import ProductIssueMove
from ...models.product_issue_public import ProductIssuePublic
from ...types import UNSET, Response, Unset


def _get_kwargs(
    issue_id: str,
    *,
    body: ProductIssueMove,
    if_match: None | str | Unset = UNSET,
    x_actor: None | str | Unset = UNSET,
    idempotency_key: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_match, Unset):
        headers["if-match"] = if_match

    if not isinstance(x_actor, Unset):
        headers["x-actor"] = x_actor

    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/api/v1/product-issues/{issue_id}/moves".format(
            issue_id=quote(str(issue_id), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | ProductIssuePublic | None:
    if response.status_code == 200:
        response_200 = ProductIssuePublic.from_dict(response.json())

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

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    if response.status_code == 412:
        response_412 = Problem.from_dict(response.json())

        return response_412

    if response.status_code == 413:
        response_413 = Problem.from_dict(response.json())

        return response_413

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    if response.status_code == 428:
        response_428 = Problem.from_dict(response.json())

        return response_428

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
) -> Response[Problem | ProductIssuePublic]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    issue_id: str,
    *,
    client: AuthenticatedClient,
    body: ProductIssueMove,
    if_match: None | str | Unset = UNSET,
    x_actor: None | str | Unset = UNSET,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Problem | ProductIssuePublic]:
    """Move an issue: somebody looks into it, or it is mended or dismissed with a word why

     Move an issue: somebody looks into it, or it is mended or dismissed with a word why.

    If somebody else moved it since, 412 (If-Match) or 409 (``version``) say who and how.

    Args:
        issue_id (str):
        if_match (None | str | Unset): ETag of what the caller saw: 412 if it is another by now
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -
        idempotency_key (None | str | Unset): With POST: a repeat with the same key is answered as
            the first time, and does nothing
        body (ProductIssueMove): Move an issue from the version that was seen; a note says what
            was found when it is closed.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ProductIssuePublic]
    """

    kwargs = _get_kwargs(
        issue_id=issue_id,
        body=body,
        if_match=if_match,
        x_actor=x_actor,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    issue_id: str,
    *,
    client: AuthenticatedClient,
    body: ProductIssueMove,
    if_match: None | str | Unset = UNSET,
    x_actor: None | str | Unset = UNSET,
    idempotency_key: None | str | Unset = UNSET,
) -> Problem | ProductIssuePublic | None:
    """Move an issue: somebody looks into it, or it is mended or dismissed with a word why

     Move an issue: somebody looks into it, or it is mended or dismissed with a word why.

    If somebody else moved it since, 412 (If-Match) or 409 (``version``) say who and how.

    Args:
        issue_id (str):
        if_match (None | str | Unset): ETag of what the caller saw: 412 if it is another by now
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -
        idempotency_key (None | str | Unset): With POST: a repeat with the same key is answered as
            the first time, and does nothing
        body (ProductIssueMove): Move an issue from the version that was seen; a note says what
            was found when it is closed.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | ProductIssuePublic
    """

    return sync_detailed(
        issue_id=issue_id,
        client=client,
        body=body,
        if_match=if_match,
        x_actor=x_actor,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    issue_id: str,
    *,
    client: AuthenticatedClient,
    body: ProductIssueMove,
    if_match: None | str | Unset = UNSET,
    x_actor: None | str | Unset = UNSET,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Problem | ProductIssuePublic]:
    """Move an issue: somebody looks into it, or it is mended or dismissed with a word why

     Move an issue: somebody looks into it, or it is mended or dismissed with a word why.

    If somebody else moved it since, 412 (If-Match) or 409 (``version``) say who and how.

    Args:
        issue_id (str):
        if_match (None | str | Unset): ETag of what the caller saw: 412 if it is another by now
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -
        idempotency_key (None | str | Unset): With POST: a repeat with the same key is answered as
            the first time, and does nothing
        body (ProductIssueMove): Move an issue from the version that was seen; a note says what
            was found when it is closed.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ProductIssuePublic]
    """

    kwargs = _get_kwargs(
        issue_id=issue_id,
        body=body,
        if_match=if_match,
        x_actor=x_actor,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    issue_id: str,
    *,
    client: AuthenticatedClient,
    body: ProductIssueMove,
    if_match: None | str | Unset = UNSET,
    x_actor: None | str | Unset = UNSET,
    idempotency_key: None | str | Unset = UNSET,
) -> Problem | ProductIssuePublic | None:
    """Move an issue: somebody looks into it, or it is mended or dismissed with a word why

     Move an issue: somebody looks into it, or it is mended or dismissed with a word why.

    If somebody else moved it since, 412 (If-Match) or 409 (``version``) say who and how.

    Args:
        issue_id (str):
        if_match (None | str | Unset): ETag of what the caller saw: 412 if it is another by now
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -
        idempotency_key (None | str | Unset): With POST: a repeat with the same key is answered as
            the first time, and does nothing
        body (ProductIssueMove): Move an issue from the version that was seen; a note says what
            was found when it is closed.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | ProductIssuePublic
    """

    return (
        await asyncio_detailed(
            issue_id=issue_id,
            client=client,
            body=body,
            if_match=if_match,
            x_actor=x_actor,
            idempotency_key=idempotency_key,
        )
    ).parsed
