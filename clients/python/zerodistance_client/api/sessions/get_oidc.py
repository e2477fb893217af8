from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.oidc_beginning import OidcBeginning
from ...models.problem import Problem
from ...types import UNSET, Response


def _get_kwargs(
    *,
    redirect_uri: str,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["redirect_uri"] = redirect_uri

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/sessions/oidc",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> OidcBeginning | Problem | None:
    if response.status_code == 200:
        response_200 = OidcBeginning.from_dict(response.json())

        return response_200

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
) -> Response[OidcBeginning | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    redirect_uri: str,
) -> Response[OidcBeginning | Problem]:
    """Begin to sign in at the OpenID Connect provider (authorization code with PKCE)

     Begin to sign in at the OpenID Connect provider (authorization code with PKCE).

    Args:
        redirect_uri (str): one of ZD_OIDC_REDIRECTS

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OidcBeginning | Problem]
    """

    kwargs = _get_kwargs(
        redirect_uri=redirect_uri,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    redirect_uri: str,
) -> OidcBeginning | Problem | None:
    """Begin to sign in at the OpenID Connect provider (authorization code with PKCE)

     Begin to sign in at the OpenID Connect provider (authorization code with PKCE).

    Args:
        redirect_uri (str): one of ZD_OIDC_REDIRECTS

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OidcBeginning | Problem
    """

    return sync_detailed(
        client=client,
        redirect_uri=redirect_uri,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    redirect_uri: str,
) -> Response[OidcBeginning | Problem]:
    """Begin to sign in at the OpenID Connect provider (authorization code with PKCE)

     Begin to sign in at the OpenID Connect provider (authorization code with PKCE).

    Args:
        redirect_uri (str): one of ZD_OIDC_REDIRECTS

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[OidcBeginning | Problem]
    """

    kwargs = _get_kwargs(
        redirect_uri=redirect_uri,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    redirect_uri: str,
) -> OidcBeginning | Problem | None:
    """Begin to sign in at the OpenID Connect provider (authorization code with PKCE)

     Begin to sign in at the OpenID Connect provider (authorization code with PKCE).

    Args:
        redirect_uri (str): one of ZD_OIDC_REDIRECTS

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        OidcBeginning | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            redirect_uri=redirect_uri,
        )
    ).parsed
