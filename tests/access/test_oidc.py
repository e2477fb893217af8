"""Signing in at an OpenID Connect provider: a small one, made here, that checks what a real one checks."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from services.accounts.oidc import Provider
from services.accounts.repository import add
from services.accounts.roles import AccountRole
from tests.access.place import Place
from zerodistance.errors import UnavailableError
from zerodistance.settings import Settings

ISSUER, CLIENT, SECRET = "https://id.example", "zero-distance", "client-secret"
BACK = "https://console.example/login/oidc"


class SmallProvider:
    """Answers as a provider does; what it says of a person can be bent."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        self.kid = "k1"
        self.codes: dict[str, dict[str, Any]] = {}
        self.claims: dict[str, Any] = {}
        self.token_key: Any = None
        self.algorithm = "RS256"
        self.calls: list[str] = []

    def authorize(self, url: str, subject: str, email: str, verified: bool = True) -> str:
        """Let a person sign in at ``url``; return the code that their browser brings back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{ISSUER}/authorize?")
        assert (query["response_type"], query["client_id"]) == ("code", CLIENT)
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = {**query, "sub": subject, "email": email, "email_verified": verified}
        return code

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.calls.append(path)
        if path == "/.well-known/openid-configuration":
            named = {"authorization": "authorize", "token": "token"}
            return httpx.Response(
                200,
                json={
                    "issuer": ISSUER,
                    "jwks_uri": f"{ISSUER}/keys",
                    **{f"{name}_endpoint": f"{ISSUER}/{at}" for name, at in named.items()},
                },
            )
        if path == "/keys":
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            return httpx.Response(200, json={"keys": [{**public, "kid": self.kid, "alg": "RS256"}]})
        return self._token(request)

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        held = self.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        said = base64.urlsafe_b64encode(challenge).decode().rstrip("=")
        right = (
            held is not None
            and request.headers.get("authorization") == f"Basic {basic}"
            and form["redirect_uri"] == held["redirect_uri"]
            and said == held["code_challenge"]
        )
        if not right or held is None:
            return httpx.Response(400, json={"error": "invalid_grant"})
        now = int(time.time())
        claims = {
            "iss": ISSUER, "aud": CLIENT, "sub": held["sub"], "nonce": held["nonce"], "iat": now,
            "exp": now + 60, "email": held["email"], "email_verified": held["email_verified"], **self.claims,
        }  # fmt: skip
        token = jwt.encode(
            {name: value for name, value in claims.items() if value is not None},
            self.token_key or self.key,
            self.algorithm,
            headers={"kid": self.kid},
        )
        return httpx.Response(200, json={"id_token": token, "access_token": "x", "token_type": "Bearer"})


@pytest.fixture
def provider(place: Place) -> Iterator[SmallProvider]:
    """Let the app trust the small provider, for one test."""
    small = SmallProvider()
    platform = place.app.state.platform
    settings = place.settings.model_copy(
        update={
            "oidc_issuer": ISSUER,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SECRET,
            "oidc_redirects": BACK,
        }
    )
    http = httpx.Client(transport=httpx.MockTransport(small.handle))
    place.app.state.platform = dataclasses.replace(platform, provider=Provider(settings, http))
    yield small
    place.app.state.platform = platform


@pytest.fixture(scope="module")
def person(place: Place) -> str:
    """Give the login of somebody who has no password here."""
    with place.connection() as conn:
        add(conn, 1, "lin@example.com", [AccountRole.OPERATOR], created_by="test")
    return "lin@example.com"


def begin(place: Place) -> dict[str, str]:
    answer = place.call("GET", "/sessions/oidc", params={"redirect_uri": BACK})
    assert answer.status_code == 200, answer.text
    said: dict[str, str] = answer.json()
    return said


def finish(place: Place, begun: dict[str, str], code: str, **other: str) -> httpx.Response:
    wish = {
        "code": code,
        "code_verifier": begun["code_verifier"],
        "nonce": begun["nonce"],
        "redirect_uri": BACK,
    }
    return place.call("POST", "/sessions/oidc", body={**wish, **other})


def test_a_person_with_an_account_comes_in_and_stays_the_same(
    place: Place, provider: SmallProvider, person: str
) -> None:
    begun = begin(place)
    assert begun["state"] in begun["url"]
    assert begun["code_verifier"] not in begun["url"], "the verifier stays with the caller"
    answer = finish(place, begun, provider.authorize(begun["url"], "subject-1", person))
    assert answer.status_code == 201, answer.text
    assert (answer.json()["login"], answer.json()["roles"]) == (person, ["operator"])
    assert place.call("GET", "/me", answer.json()["access_token"]).status_code == 200
    begun = begin(place)  # from now on by the provider's id, whatever the address is
    assert (
        finish(place, begun, provider.authorize(begun["url"], "subject-1", "new@example.com")).status_code
        == 201
    )
    begun = begin(place)
    taken = finish(place, begun, provider.authorize(begun["url"], "subject-2", person))
    assert taken.status_code == 401, "an address that somebody else was given later"


@pytest.mark.parametrize(
    ("email", "verified"), [("stranger@example.com", True), ("one-admin", False), ("", True)]
)
def test_who_has_no_account_stays_out(
    place: Place, provider: SmallProvider, email: str, verified: bool
) -> None:
    begun = begin(place)
    answer = finish(place, begun, provider.authorize(begun["url"], f"s-{email}", email, verified))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


BENT = {
    "another issuer": {"iss": "https://evil.example"},
    "another client's": {"aud": "another"},
    "several parties, meant for another": {"aud": [CLIENT, "another"], "azp": "another"},
    "expired": {"exp": 1_000_000_000},
    "without an end": {"exp": None},
    "another sign-in's": {"nonce": "another"},
    "without a nonce": {"nonce": None},
    "nobody": {"sub": None},
}


@pytest.mark.parametrize("bent", BENT.values(), ids=BENT.keys())
def test_a_word_that_does_not_hold_is_not_believed(
    place: Place, provider: SmallProvider, person: str, bent: dict[str, Any]
) -> None:
    provider.claims = bent
    begun = begin(place)
    assert finish(place, begun, provider.authorize(begun["url"], "subject-1", person)).status_code == 401


def test_a_word_signed_by_somebody_else_is_not_believed(
    place: Place, provider: SmallProvider, person: str
) -> None:
    provider.token_key = rsa.generate_private_key(65537, 2048)
    begun = begin(place)
    assert finish(place, begun, provider.authorize(begun["url"], "subject-1", person)).status_code == 401
    # the client's secret is no key: whoever knows it could sign for everybody
    provider.token_key, provider.algorithm = SECRET * 4, "HS256"
    begun = begin(place)
    assert finish(place, begun, provider.authorize(begun["url"], "subject-1", person)).status_code == 401


def test_a_code_is_of_no_use_to_whoever_did_not_begin(
    place: Place, provider: SmallProvider, person: str
) -> None:
    begun, other = begin(place), begin(place)
    code = provider.authorize(begun["url"], "subject-1", person)
    stolen = finish(place, begun, code, code_verifier=other["code_verifier"])
    assert stolen.status_code == 401, "PKCE: another verifier"
    assert finish(place, begun, code).status_code == 401, "a code is good once"
    code = provider.authorize(begun["url"], "subject-1", person)
    planted = finish(place, other, code, code_verifier=begun["code_verifier"])
    assert planted.status_code == 401, "somebody else's sign-in, planted: the nonce tells"


def test_nobody_is_sent_elsewhere(place: Place, provider: SmallProvider) -> None:
    for elsewhere in ("https://evil.example", BACK + "/x", ""):
        answer = place.call("GET", "/sessions/oidc", params={"redirect_uri": elsewhere})
        assert answer.status_code == 422, elsewhere


def test_new_keys_of_the_provider_are_fetched(place: Place, provider: SmallProvider, person: str) -> None:
    for kid in ("k1", "k2"):
        provider.key, provider.kid = rsa.generate_private_key(65537, 2048), kid
        begun = begin(place)
        assert finish(place, begun, provider.authorize(begun["url"], "subject-1", person)).status_code in (
            201,
            401,
        )
    assert provider.calls.count("/keys") == 2


def test_without_a_provider_it_is_said(place: Place) -> None:
    assert place.call("GET", "/sessions/oidc", params={"redirect_uri": BACK}).status_code == 404


def test_a_provider_that_does_not_answer_is_not_our_fault(settings_with_provider: Settings) -> None:
    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    provider = Provider(settings_with_provider, httpx.Client(transport=httpx.MockTransport(down)))
    with pytest.raises(UnavailableError):
        provider.begin(BACK)


@pytest.fixture
def settings_with_provider() -> Settings:
    return Settings(_env_file=None, oidc_issuer=ISSUER, oidc_client_id=CLIENT, oidc_redirects=BACK)
