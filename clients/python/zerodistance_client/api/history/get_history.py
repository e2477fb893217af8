from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.get_history_format import GetHistoryFormat
from ...models.get_history_resolution import (
    GetHistoryResolution,
)
from ...models.get_history_response_200 import GetHistoryResponse200
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    device_id: str,
    *,
    channels: str | Unset = "",
    since: str | Unset = "",
    until: str | Unset = "",
    resolution: GetHistoryResolution | Unset = "auto",
    max_points: int | None | Unset = UNSET,
    aggregates: str | Unset = "",
    include: str | Unset = "",
    time_zone: str | Unset = "UTC",
    limit: int | Unset = 5000,
    cursor: str | Unset = "",
    format_: GetHistoryFormat | Unset = "json",
    x_actor: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(x_actor, Unset):
        headers["x-actor"] = x_actor

    params: dict[str, Any] = {}

    params["channels"] = channels

    params["since"] = since

    params["until"] = until

    json_resolution: str | Unset = UNSET
    if not isinstance(resolution, Unset):
        json_resolution = resolution

    params["resolution"] = json_resolution

    json_max_points: int | None | Unset
    if isinstance(max_points, Unset):
        json_max_points = UNSET
    else:
        json_max_points = max_points
    params["max_points"] = json_max_points

    params["aggregates"] = aggregates

    params["include"] = include

    params["time_zone"] = time_zone

    params["limit"] = limit

    params["cursor"] = cursor

    json_format_: str | Unset = UNSET
    if not isinstance(format_, Unset):
        json_format_ = format_

    params["format"] = json_format_

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/api/v1/devices/{device_id}/history".format(
            device_id=quote(str(device_id), safe=""),
        ),
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> GetHistoryResponse200 | Problem | None:
    if response.status_code == 200:
        response_200 = GetHistoryResponse200.from_dict(response.json())

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
) -> Response[GetHistoryResponse200 | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    device_id: str,
    *,
    client: AuthenticatedClient,
    channels: str | Unset = "",
    since: str | Unset = "",
    until: str | Unset = "",
    resolution: GetHistoryResolution | Unset = "auto",
    max_points: int | None | Unset = UNSET,
    aggregates: str | Unset = "",
    include: str | Unset = "",
    time_zone: str | Unset = "UTC",
    limit: int | Unset = 5000,
    cursor: str | Unset = "",
    format_: GetHistoryFormat | Unset = "json",
    x_actor: None | str | Unset = UNSET,
) -> Response[GetHistoryResponse200 | Problem]:
    """Return what a device measured between two moments

     Return what a device measured between two moments.

    Buckets are whole: the first one may begin before `since`. The largest and smallest reading of a
    bucket
    are those of the rows, so a peak survives down-sampling.

    Args:
        device_id (str):
        channels (str | Unset): names, separated by commas; all without it Default: ''.
        since (str | Unset): from, inclusive: RFC 3339, or a date (and time) by the clocks of
            time_zone; without it 24 hours before until Default: ''.
        until (str | Unset): until, exclusive; without it now (platform time) Default: ''.
        resolution (GetHistoryResolution | Unset): raw: as stored. 5m, 1h, 1d: the rollups. auto:
            as stored if that is not more than max_points rows and no aggregates are asked for, else
            buckets just wide enough Default: 'auto'.
        max_points (int | None | Unset): of auto; 600 without it
        aggregates (str | Unset): of buckets, separated by commas: mean, min, max, last, delta,
            count. A gauge has all but delta, a state mean, min, max and count, a counter last and
            delta (growth) Default: ''.
        include (str | Unset): with raw, separated by commas: quality (reason codes of readings
            that were not usable), skew (arrival minus measurement, ms), received (time of arrival)
            Default: ''.
        time_zone (str | Unset): UTC, home (that of the device's household) or an IANA name: in it
            times are given, and days begin at its midnights Default: 'UTC'.
        limit (int | Unset): rows of a page; for rows as stored, in JSON Default: 5000.
        cursor (str | Unset): next of the page before Default: ''.
        format_ (GetHistoryFormat | Unset):  Default: 'json'.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[GetHistoryResponse200 | Problem]
    """

    kwargs = _get_kwargs(
        device_id=device_id,
        channels=channels,
        since=since,
        until=until,
        resolution=resolution,
        max_points=max_points,
        aggregates=aggregates,
        include=include,
        time_zone=time_zone,
        limit=limit,
        cursor=cursor,
        format_=format_,
        x_actor=x_actor,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    device_id: str,
    *,
    client: AuthenticatedClient,
    channels: str | Unset = "",
    since: str | Unset = "",
    until: str | Unset = "",
    resolution: GetHistoryResolution | Unset = "auto",
    max_points: int | None | Unset = UNSET,
    aggregates: str | Unset = "",
    include: str | Unset = "",
    time_zone: str | Unset = "UTC",
    limit: int | Unset = 5000,
    cursor: str | Unset = "",
    format_: GetHistoryFormat | Unset = "json",
    x_actor: None | str | Unset = UNSET,
) -> GetHistoryResponse200 | Problem | None:
    """Return what a device measured between two moments

     Return what a device measured between two moments.

    Buckets are whole: the first one may begin before `since`. The largest and smallest reading of a
    bucket
    are those of the rows, so a peak survives down-sampling.

    Args:
        device_id (str):
        channels (str | Unset): names, separated by commas; all without it Default: ''.
        since (str | Unset): from, inclusive: RFC 3339, or a date (and time) by the clocks of
            time_zone; without it 24 hours before until Default: ''.
        until (str | Unset): until, exclusive; without it now (platform time) Default: ''.
        resolution (GetHistoryResolution | Unset): raw: as stored. 5m, 1h, 1d: the rollups. auto:
            as stored if that is not more than max_points rows and no aggregates are asked for, else
            buckets just wide enough Default: 'auto'.
        max_points (int | None | Unset): of auto; 600 without it
        aggregates (str | Unset): of buckets, separated by commas: mean, min, max, last, delta,
            count. A gauge has all but delta, a state mean, min, max and count, a counter last and
            delta (growth) Default: ''.
        include (str | Unset): with raw, separated by commas: quality (reason codes of readings
            that were not usable), skew (arrival minus measurement, ms), received (time of arrival)
            Default: ''.
        time_zone (str | Unset): UTC, home (that of the device's household) or an IANA name: in it
            times are given, and days begin at its midnights Default: 'UTC'.
        limit (int | Unset): rows of a page; for rows as stored, in JSON Default: 5000.
        cursor (str | Unset): next of the page before Default: ''.
        format_ (GetHistoryFormat | Unset):  Default: 'json'.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        GetHistoryResponse200 | Problem
    """

    return sync_detailed(
        device_id=device_id,
        client=client,
        channels=channels,
        since=since,
        until=until,
        resolution=resolution,
        max_points=max_points,
        aggregates=aggregates,
        include=include,
        time_zone=time_zone,
        limit=limit,
        cursor=cursor,
        format_=format_,
        x_actor=x_actor,
    ).parsed


async def asyncio_detailed(
    device_id: str,
    *,
    client: AuthenticatedClient,
    channels: str | Unset = "",
    since: str | Unset = "",
    until: str | Unset = "",
    resolution: GetHistoryResolution | Unset = "auto",
    max_points: int | None | Unset = UNSET,
    aggregates: str | Unset = "",
    include: str | Unset = "",
    time_zone: str | Unset = "UTC",
    limit: int | Unset = 5000,
    cursor: str | Unset = "",
    format_: GetHistoryFormat | Unset = "json",
    x_actor: None | str | Unset = UNSET,
) -> Response[GetHistoryResponse200 | Problem]:
    """Return what a device measured between two moments

     Return what a device measured between two moments.

    Buckets are whole: the first one may begin before `since`. The largest and smallest reading of a
    bucket
    are those of the rows, so a peak survives down-sampling.

    Args:
        device_id (str):
        channels (str | Unset): names, separated by commas; all without it Default: ''.
        since (str | Unset): from, inclusive: RFC 3339, or a date (and time) by the clocks of
            time_zone; without it 24 hours before until Default: ''.
        until (str | Unset): until, exclusive; without it now (platform time) Default: ''.
        resolution (GetHistoryResolution | Unset): raw: as stored. 5m, 1h, 1d: the rollups. auto:
            as stored if that is not more than max_points rows and no aggregates are asked for, else
            buckets just wide enough Default: 'auto'.
        max_points (int | None | Unset): of auto; 600 without it
        aggregates (str | Unset): of buckets, separated by commas: mean, min, max, last, delta,
            count. A gauge has all but delta, a state mean, min, max and count, a counter last and
            delta (growth) Default: ''.
        include (str | Unset): with raw, separated by commas: quality (reason codes of readings
            that were not usable), skew (arrival minus measurement, ms), received (time of arrival)
            Default: ''.
        time_zone (str | Unset): UTC, home (that of the device's household) or an IANA name: in it
            times are given, and days begin at its midnights Default: 'UTC'.
        limit (int | Unset): rows of a page; for rows as stored, in JSON Default: 5000.
        cursor (str | Unset): next of the page before Default: ''.
        format_ (GetHistoryFormat | Unset):  Default: 'json'.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[GetHistoryResponse200 | Problem]
    """

    kwargs = _get_kwargs(
        device_id=device_id,
        channels=channels,
        since=since,
        until=until,
        resolution=resolution,
        max_points=max_points,
        aggregates=aggregates,
        include=include,
        time_zone=time_zone,
        limit=limit,
        cursor=cursor,
        format_=format_,
        x_actor=x_actor,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    device_id: str,
    *,
    client: AuthenticatedClient,
    channels: str | Unset = "",
    since: str | Unset = "",
    until: str | Unset = "",
    resolution: GetHistoryResolution | Unset = "auto",
    max_points: int | None | Unset = UNSET,
    aggregates: str | Unset = "",
    include: str | Unset = "",
    time_zone: str | Unset = "UTC",
    limit: int | Unset = 5000,
    cursor: str | Unset = "",
    format_: GetHistoryFormat | Unset = "json",
    x_actor: None | str | Unset = UNSET,
) -> GetHistoryResponse200 | Problem | None:
    """Return what a device measured between two moments

     Return what a device measured between two moments.

    Buckets are whole: the first one may begin before `since`. The largest and smallest reading of a
    bucket
    are those of the rows, so a peak survives down-sampling.

    Args:
        device_id (str):
        channels (str | Unset): names, separated by commas; all without it Default: ''.
        since (str | Unset): from, inclusive: RFC 3339, or a date (and time) by the clocks of
            time_zone; without it 24 hours before until Default: ''.
        until (str | Unset): until, exclusive; without it now (platform time) Default: ''.
        resolution (GetHistoryResolution | Unset): raw: as stored. 5m, 1h, 1d: the rollups. auto:
            as stored if that is not more than max_points rows and no aggregates are asked for, else
            buckets just wide enough Default: 'auto'.
        max_points (int | None | Unset): of auto; 600 without it
        aggregates (str | Unset): of buckets, separated by commas: mean, min, max, last, delta,
            count. A gauge has all but delta, a state mean, min, max and count, a counter last and
            delta (growth) Default: ''.
        include (str | Unset): with raw, separated by commas: quality (reason codes of readings
            that were not usable), skew (arrival minus measurement, ms), received (time of arrival)
            Default: ''.
        time_zone (str | Unset): UTC, home (that of the device's household) or an IANA name: in it
            times are given, and days begin at its midnights Default: 'UTC'.
        limit (int | Unset): rows of a page; for rows as stored, in JSON Default: 5000.
        cursor (str | Unset): next of the page before Default: ''.
        format_ (GetHistoryFormat | Unset):  Default: 'json'.
        x_actor (None | str | Unset): With the staff token: who acts, for the history: up to 64
            letters, digits, . _ @ -

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        GetHistoryResponse200 | Problem
    """

    return (
        await asyncio_detailed(
            device_id=device_id,
            client=client,
            channels=channels,
            since=since,
            until=until,
            resolution=resolution,
            max_points=max_points,
            aggregates=aggregates,
            include=include,
            time_zone=time_zone,
            limit=limit,
            cursor=cursor,
            format_=format_,
            x_actor=x_actor,
        )
    ).parsed
