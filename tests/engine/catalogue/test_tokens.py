"""Tokens of identity providers: how each is asked, how long its token is kept, and what its refusals say."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.engine import retry
from airflow_kinesis_ingest.engine.catalogue import tokens
from airflow_kinesis_ingest.engine.catalogue.client import OpenMetadata
from airflow_kinesis_ingest.engine.catalogue.tokens import Given, Token, token_for
from airflow_kinesis_ingest.engine.workflow.models import OpenMetadataServer
from airflow_kinesis_ingest.engine.workflow.providers import PROVIDERS
from airflow_kinesis_ingest.errors import CatalogueRefused, IngestError, ServerDown, Throttled, Unreachable
from tests.fakes.identity import (
    AUTH0,
    AZURE,
    CLIENT,
    EMAIL,
    GOOGLE,
    OIDC,
    OKTA,
    SCOPE,
    SECRET,
    FakeIdentityProvider,
    form,
    jwk,
    pem,
    refusal,
)
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Fault, Faults, Reply, Rule, json_reply
from tests.virtual_time import VirtualTime

PATHS = {"auth0": AUTH0, "azure": AZURE, "custom-oidc": OIDC, "google": GOOGLE, "okta": OKTA}


@pytest.fixture
def catalogue() -> Iterator[FakeOpenMetadata]:
    """Trusts what the identity provider gives, and nothing else."""
    with FakeOpenMetadata(bots=()) as running:
        yield running


@pytest.fixture
def provider(catalogue: FakeOpenMetadata) -> Iterator[FakeIdentityProvider]:
    with FakeIdentityProvider(catalogue) as running:
        yield running


def server(
    provider: FakeIdentityProvider, name: str, host_port: str = "http://om/api", **changes: Any
) -> OpenMetadataServer:
    security = {**provider.security(name), **changes}
    told = {"hostPort": host_port, "authProvider": name, "securityConfig": security}
    return OpenMetadataServer.model_validate(told)


def client(provider: FakeIdentityProvider, name: str = "custom-oidc", **changes: Any) -> OpenMetadata:
    assert provider.catalogue
    settings = server(provider, name, provider.catalogue.host_port, **changes)
    return OpenMetadata(settings, stop=threading.Event(), retry_for=0)


def refused(provider: FakeIdentityProvider, name: str, **changes: Any) -> IngestError:
    """What a run without a token says; no secret is in it."""
    with pytest.raises(IngestError) as caught:
        token_for(server(provider, name, **changes)).current()
    for text in (str(caught.value), repr(caught.value), repr(caught.value.args)):
        assert SECRET not in text
        assert "sh%2Bh" not in text
        assert "PRIVATE KEY" not in text
        assert caught.value.__cause__ is None
    assert caught.value.remedy
    return caught.value


# --- how each provider is asked -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROVIDERS)
def test_openmetadata_is_shown_the_token_that_the_provider_gives(provider: FakeIdentityProvider, name: str) -> None:
    """Asked once, by the documented form, and for all calls."""
    found = client(provider, name)
    assert found.get("/topics/name/x") is None
    assert found.get("/topics/name/y") is None
    assert provider.catalogue
    shown = [request.headers["authorization"] for request in provider.catalogue.requests]
    assert shown == [f"Bearer {token}" for token in provider.issued * 2]
    assert provider.counts == {PATHS[name]: 1}


SENT = {
    "auth0": {"client_id": CLIENT, "client_secret": SECRET},
    "azure": {"client_id": CLIENT, "client_secret": SECRET, "scope": SCOPE},
    "custom-oidc": {"client_id": CLIENT, "client_secret": SECRET},
    "okta": {"scope": "catalogue"},
}


@pytest.mark.parametrize("name", SENT)
def test_client_credentials_are_in_the_body_and_in_nothing_else(provider: FakeIdentityProvider, name: str) -> None:
    """Not in the URL or in a header, which proxies write into their logs."""
    token_for(server(provider, name)).current()
    [request] = provider.requests
    sent = form(request)
    expected = {"grant_type": "client_credentials", **SENT[name]}
    if name == "auth0":
        expected["audience"] = f"{provider.url}/api/v2/"
    assert {key: value for key, value in sent.items() if not key.startswith("client_assertion")} == expected
    assert "authorization" not in request.headers
    assert request.query == {}


def test_okta_is_shown_a_jwt_that_the_clients_key_signed(provider: FakeIdentityProvider) -> None:
    """PEM as it is, in one line, with spelled line ends, as JWK with its id, or in a file."""
    lines = pem()
    for key in (lines, lines.replace("\n", " "), lines.replace("\n", "\\n"), jwk()):
        token_for(server(provider, "okta", privateKey=key)).current()
    assert [header.get("kid") for header, _ in provider.signed] == [None, None, None, "kid-first"]
    claims = provider.signed[0][1]
    assert claims["aud"] == f"{provider.url}{OKTA}"
    assert len({claims["jti"] for _, claims in provider.signed}) == 4


def test_okta_needs_no_scopes_where_its_server_asks_for_none(provider: FakeIdentityProvider) -> None:
    provider.faults = Faults(Rule(Fault("default scope", reply=json_reply(200, {"access_token": "eyJ"}))))
    assert token_for(server(provider, "okta", scopes=None)).current() == "eyJ"
    assert "scope" not in form(provider.requests[0])


def test_google_gives_an_id_token_for_the_audience(provider: FakeIdentityProvider, tmp_path: Path) -> None:
    """For the key of a service account, as its JSON or as the path of its file."""
    file = tmp_path / "key.json"
    file.write_text(provider.service_account())
    for key in (provider.service_account(), str(file)):
        token_for(server(provider, "google", secretKey=key)).current()
    header, claims = provider.signed[1]
    assert header["kid"] == "kid-first"
    assert (claims["iss"], claims["sub"], claims["aud"]) == (EMAIL, EMAIL, f"{provider.url}{GOOGLE}")


def test_a_key_of_a_file_is_read_again_with_each_token(provider: FakeIdentityProvider, tmp_path: Path) -> None:
    """A mounted key is exchanged while a run goes on."""
    file = tmp_path / "key.json"
    file.write_text(provider.service_account())
    token = token_for(server(provider, "google", secretKey=str(file)))
    first = token.current()
    provider.trusted_key = "second"
    file.write_text(provider.service_account("second"))
    assert token.renewed(first)
    assert [header["kid"] for header, _ in provider.signed] == ["kid-first", "kid-second"]


@pytest.mark.parametrize("domain", ["dev-1.eu.auth0.com", "https://dev-1.eu.auth0.com/"])
def test_an_auth0_domain_is_asked_by_https(domain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Any]] = []

    def ask(asking: Any, _: Any, **fields: Any) -> Given:
        asked.append((asking.endpoint, fields))
        return Given("t")

    monkeypatch.setattr(tokens, "_ask", ask)
    told = {"authProvider": "auth0", "securityConfig": {"clientId": "c", "secretKey": "s", "domain": domain}}
    assert token_for(OpenMetadataServer.model_validate(told)).current() == "t"
    assert asked == [("https://dev-1.eu.auth0.com/oauth/token", {"audience": "https://dev-1.eu.auth0.com/api/v2/"})]


def test_a_jwt_beside_any_provider_is_sent_as_it_is(provider: FakeIdentityProvider) -> None:
    """As OpenMetadata's own clients do it."""
    told = {"authProvider": "okta", "securityConfig": {"jwtToken": "eyJ"}}
    assert token_for(OpenMetadataServer.model_validate(told)).current() == "eyJ"
    assert provider.requests == []


def test_nothing_is_asked_before_the_first_call(provider: FakeIdentityProvider) -> None:
    client(provider)
    assert provider.requests == []


def test_a_netrc_file_does_not_replace_the_client(
    provider: FakeIdentityProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in PROVIDERS:
        token_for(server(provider, name)).current()
    assert not any("authorization" in request.headers for request in provider.requests)


# --- how long a token is kept ---------------------------------------------------------------------------------------


class Source:
    """Gives token 1, token 2, ... ; what is in `errors` comes first."""

    def __init__(self, seconds: float | None = 3600.0) -> None:
        self.seconds, self.asked, self.now = seconds, 0, 0.0
        self.errors: list[IngestError] = []
        self.token = Token(self._give, clock=lambda: self.now)

    def _give(self) -> Given:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return Given(f"token {self.asked}", self.seconds)


@pytest.mark.parametrize(("seconds", "kept"), [(3600.0, 3540), (300.0, 270)])
def test_a_token_is_kept_until_shortly_before_it_is_over(seconds: float, kept: int) -> None:
    """A minute before, or a tenth of its life: a call under way takes its time."""
    source = Source(seconds)
    assert source.token.current() == "token 1"
    source.now = kept - 1
    assert (source.token.current(), source.asked) == ("token 1", 1)
    source.now = kept
    assert (source.token.current(), source.asked) == ("token 2", 2)


def test_a_token_whose_end_nobody_tells_is_kept_until_it_is_refused() -> None:
    source = Source(None)
    source.token.current()
    source.now = 1e9
    assert source.token.current() == "token 1"
    assert source.token.renewed("token 1")
    assert source.token.current() == "token 2"
    assert source.token.seconds_left is None


def test_a_renewal_that_fails_costs_nothing_while_the_old_token_is_good() -> None:
    """It is tried again after seconds; once the token is over, the failure is told."""
    source = Source()
    source.token.current()
    source.errors = [Unreachable("down"), Unreachable("down"), Unreachable("down")]
    source.now = 3541.0
    assert [source.token.current() for _ in range(3)] == ["token 1"] * 3
    assert source.asked == 2
    source.now = 3547.0
    assert (source.token.current(), source.asked) == ("token 1", 3)
    source.now = 3600.0
    with pytest.raises(Unreachable, match="down"):
        source.token.current()
    assert source.token.current() == "token 5"


def test_a_refusal_of_the_provider_is_told_before_the_old_token_is_over() -> None:
    """It does not pass by itself."""
    source = Source()
    source.token.current()
    source.errors = [CatalogueRefused("revoked")]
    source.now = 3541.0
    with pytest.raises(CatalogueRefused, match="revoked"):
        source.token.current()


def test_the_life_of_a_token_is_its_answers_or_its_own(provider: FakeIdentityProvider) -> None:
    """`expires_in`, else the time between the JWT's `iat` and `exp`: a clock that is wrong here changes neither."""
    provider.seconds, provider.offset = 600, -100
    for name in ("azure", "google"):
        token = token_for(server(provider, name))
        token.current()
        assert token.seconds_left is not None
        assert 0 < token.seconds_left <= 600


@pytest.mark.parametrize("told", [None, "soon", -1, 0, True, {}])
@pytest.mark.parametrize("value", ["opaque", "a.b.c", "a.bnVsbA.c"])
def test_an_end_that_makes_no_sense_is_none(told: object, value: str) -> None:
    assert tokens._seconds(told, value) is None


@pytest.mark.parametrize("told", [b'"soon"', b'"3599.5"', b"[1]", b"9" * 400, b"NaN", b"1e999", b"-5", b"null"])
@pytest.mark.parametrize("name", ["custom-oidc", "google"])
def test_a_token_is_taken_whatever_its_answer_says_of_its_end(
    provider: FakeIdentityProvider, name: str, told: bytes
) -> None:
    """Nor does anything else in an answer that has a token stop a run."""
    key = b"id_token" if name == "google" else b"access_token"
    body = b'{"%s": "abc", "expires_in": %s, "expires_at": [], "error": null}' % (key, told)
    provider.faults = Faults(Rule(Fault("end", reply=Reply(200, body, {"Content-Type": "application/json"}))))
    token = token_for(server(provider, name))
    assert token.current() == "abc"
    assert token.seconds_left is None or 0 < token.seconds_left <= 3599.5


def test_many_threads_have_one_token(provider: FakeIdentityProvider) -> None:
    """Asked for once, whoever came first, and renewed once for all who saw the same refusal."""
    found, together = client(provider), threading.Barrier(8)

    def call(_: int) -> object:
        together.wait(20)
        return found.get("/topics/name/x")

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(call, range(8))) == {None}
        assert len(provider.issued) == 1
        provider.rotate_keys()
        assert set(pool.map(call, range(8))) == {None}
    assert len(provider.issued) == 2


def test_many_threads_are_told_one_failure(provider: FakeIdentityProvider) -> None:
    """A provider that does not answer is waited for once, not once for each thread."""
    token, told = token_for(server(provider, "auth0")), []
    provider.faults = Faults(Rule(Fault.status(503)))
    provider.latency = 0.5
    entered = threading.Barrier(6)

    def ask() -> None:
        entered.wait(20)
        try:
            token.current()
        except ServerDown as error:
            told.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(told) == 6
    assert len(set(told)) == 1
    assert provider.counts.total() < 6


def test_who_comes_while_a_good_token_is_renewed_does_not_wait() -> None:
    """The one who renews is held up by the provider; all others go on."""
    source, renewing, go_on = Source(), threading.Event(), threading.Event()
    source.token.current()
    give = source._give

    def slowly() -> Given:
        renewing.set()
        assert go_on.wait(20)
        return give()

    source.token._source = slowly
    source.now = 3541.0
    thread = threading.Thread(target=source.token.current)
    thread.start()
    assert renewing.wait(20)
    assert source.token.current() == "token 1"
    go_on.set()
    thread.join(20)
    assert source.token.current() == "token 2"


# --- a token that OpenMetadata refuses --------------------------------------------------------------------------------


def test_a_refused_token_is_renewed_once(provider: FakeIdentityProvider) -> None:
    """The provider signs with another key, or the server forgot: one more call, and the run goes on."""
    found = client(provider)
    found.get("/topics/name/x")
    provider.rotate_keys()
    found.get("/topics/name/y")
    found.get("/topics/name/z")
    assert provider.counts.total() == 2
    assert provider.catalogue
    assert provider.catalogue.counts.total() == 4


def test_a_server_that_refuses_the_fresh_token_too_says_what_to_set_up(provider: FakeIdentityProvider) -> None:
    """No token of this provider would do: it is not asked for more of them."""
    assert provider.catalogue
    provider.catalogue = None
    with FakeOpenMetadata(bots=()) as stranger:
        settings = server(provider, "okta", stranger.host_port)
        with pytest.raises(CatalogueRefused) as caught:
            OpenMetadata(settings, stop=threading.Event(), retry_for=0).get("/topics/name/x")
    assert "Let OpenMetadata trust okta" in caught.value.remedy
    assert provider.counts.total() == 2


# --- what a provider answers instead ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes", "code", "remedy"),
    [
        ("auth0", {"secretKey": "wrong"}, "invalid_client", "Check `clientId` and `secretKey`"),
        ("azure", {"clientSecret": "wrong"}, "AADSTS7000215", "Check `clientId` and `clientSecret`"),
        ("azure", {"scopes": ["User.Read"]}, "invalid_scope", "Correct `scopes`"),
        ("custom-oidc", {"clientId": "other"}, "invalid_client", "Check `clientId` and `secretKey`"),
        ("okta", {"privateKey": pem("second")}, "Invalid JWT Signature", "Check `clientId` and `privateKey`"),
        ("okta", {"clientId": "other"}, "invalid_client", "Check `clientId` and `privateKey`"),
        ("okta", {"scopes": ["other"]}, "invalid_scope", "Correct `scopes`"),
    ],
)
def test_a_refusal_says_what_the_provider_says_and_what_to_check(
    provider: FakeIdentityProvider, name: str, changes: dict[str, Any], code: str, remedy: str
) -> None:
    error = refused(provider, name, **changes)
    assert isinstance(error, CatalogueRefused)
    assert (error.what, error.where) == (f"{name} gives no token", f"POST {provider.url}{PATHS[name]}")
    assert code in error.why
    assert remedy in error.remedy


def test_a_key_that_google_no_longer_knows_is_told(provider: FakeIdentityProvider) -> None:
    provider.trusted_key = "second"
    error = refused(provider, "google")
    assert "invalid_grant: Invalid JWT Signature." in error.why
    assert "Check `secretKey`" in error.remedy


@pytest.mark.parametrize(("offset", "told"), [(900.0, "behind"), (-900.0, "ahead of")])
@pytest.mark.parametrize("name", ["google", "okta"])
def test_a_clock_that_is_wrong_is_told_as_that(
    provider: FakeIdentityProvider, name: str, offset: float, told: str
) -> None:
    """The provider's answer has a date: nobody looks for a wrong key."""
    provider.offset = offset * 10
    error = refused(provider, name)
    assert error.remedy.startswith("Set the clock of the machine that runs this: it is ")
    assert told in error.remedy


@pytest.mark.parametrize("name", ["auth0", "azure", "custom-oidc"])
def test_a_clock_does_not_matter_where_nothing_is_signed(provider: FakeIdentityProvider, name: str) -> None:
    provider.offset = 9000.0
    assert token_for(server(provider, name)).current() == provider.issued[0]


@pytest.mark.parametrize(
    ("fault", "kind", "remedy"),
    [
        (refusal(400, "unauthorized_client", "Grant type 'client_credentials' not allowed"), CatalogueRefused, "grant"),
        (refusal(403, "access_denied", "Client is not authorized to access it"), CatalogueRefused, "use the API"),
        (refusal(400, "unsupported_grant_type", "no"), CatalogueRefused, "grant `client_credentials`"),
        (refusal(400, "invalid_scope", "no default scope"), CatalogueRefused, "default scope"),
        (refusal(400, "temporarily_unavailable", "AADSTS90033: A transient error has occurred."), Unreachable, "later"),
        (refusal(429, "too_many_requests", "Global limit has been reached"), Throttled, "later"),
        (Fault("429", reply=Reply(429, b"slow down", {"Retry-After": "7"})), Throttled, "later"),
        (Fault.status(500), Unreachable, "later"),
        (Fault.status(502, html=True), ServerDown, "later"),
        (Fault.status(503), ServerDown, "later"),
        (Fault.reset(), Unreachable, "can be reached"),
        (Fault.truncated(), Unreachable, "can be reached"),
        (Fault.html(), Unreachable, "a page to log in"),
        (Fault.garbage(), Unreachable, "a page to log in"),
        (Fault.redirect("https://login.example.com/x?token=abc"), CatalogueRefused, "`tokenEndpoint`"),
        (Fault.redirect("http://[login"), Unreachable, "`tokenEndpoint`"),
        (Fault.status(404, html=True), CatalogueRefused, "`tokenEndpoint`"),
        (Fault("deep", reply=Reply(200, b"[" * 100_000)), Unreachable, "`tokenEndpoint`"),
        (Fault("digits", reply=Reply(200, b"9" * 5_000)), Unreachable, "`tokenEndpoint`"),
        (
            Fault("400", reply=json_reply(400, {"errorCode": "E0000021", "errorSummary": "Bad"})),
            CatalogueRefused,
            "Check",
        ),
        (Fault("none", reply=json_reply(200, {"id_token": "x"})), CatalogueRefused, "`tokenEndpoint`"),
        (Fault("empty", reply=json_reply(200, {"access_token": ""})), CatalogueRefused, "`tokenEndpoint`"),
        (Fault("lines", reply=json_reply(200, {"access_token": "a\nb"})), CatalogueRefused, "`tokenEndpoint`"),
        (Fault("number", reply=json_reply(200, {"access_token": 7})), CatalogueRefused, "`tokenEndpoint`"),
        (Fault("list", reply=json_reply(200, [1])), Unreachable, "`tokenEndpoint`"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_every_answer_has_its_remedy(
    provider: FakeIdentityProvider, fault: Fault, kind: type[IngestError], remedy: str
) -> None:
    """What passes by itself is tried again; what a person must mend ends the run."""
    provider.faults = Faults(Rule(fault))
    error = refused(provider, "custom-oidc")
    assert type(error) is kind
    assert remedy in error.remedy
    assert "token=abc" not in str(error)
    assert getattr(error, "retry_after", None) == (7.0 if fault.name == "429" else None)


def test_a_redirect_is_not_followed(provider: FakeIdentityProvider, catalogue: FakeOpenMetadata) -> None:
    """It would carry the secret to another host."""
    provider.faults = Faults(Rule(Fault.redirect(f"{catalogue.url}/token")))
    error = refused(provider, "auth0")
    assert "a redirect to 127.0.0.1, which is never followed" in error.why
    assert catalogue.requests == []


def test_an_answer_that_repeats_the_secret_is_told_without_it(provider: FakeIdentityProvider) -> None:
    provider.faults = Faults(
        Rule(refusal(400, "invalid_client", f"secret {SECRET!s} or sh%2Bh%2F%20s3cr3t%26%3D is wrong"))
    )
    assert refused(provider, "auth0").why == "HTTP 400: invalid_client: secret *** or *** is wrong"


def test_a_slow_provider_is_given_up_in_time(provider: FakeIdentityProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "TIMEOUT", (5.0, 0.2))
    provider.faults = Faults(Rule(Fault.never()))
    error = refused(provider, "azure")
    assert (type(error), error.what) == (Unreachable, "azure did not answer")


def test_a_provider_that_is_not_there_is_told_by_its_field() -> None:
    gone = FakeIdentityProvider()
    with gone:
        security = gone.security("okta")
    told = {"authProvider": "okta", "securityConfig": security}
    with pytest.raises(ServerDown, match=r"okta did not answer: .*Connection refused.*Check `orgURL`"):
        token_for(OpenMetadataServer.model_validate(told)).current()


def test_a_provider_that_fails_for_a_while_costs_a_run_nothing(
    provider: FakeIdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tried again as the calls are that need the token, for `options.retryFor` in all."""
    VirtualTime().replacing(monkeypatch, retry)
    provider.faults = Faults(Rule(Fault.status(500), on=range(1, 4)))
    assert provider.catalogue
    found = OpenMetadata(server(provider, "google", provider.catalogue.host_port), stop=threading.Event())
    assert found.get("/topics/name/x") is None
    assert provider.counts.total() == 4


# --- keys that cannot be used -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "field", "value", "why"),
    [
        ("okta", "privateKey", "not a key", "no private RSA key"),
        (
            "okta",
            "privateKey",
            "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----",
            "no private RSA key",
        ),
        ("okta", "privateKey", '{"kty": "RSA", "d": "c2VjcmV0"}', "no private RSA key"),
        ("okta", "privateKey", '{"kty": ', "no private RSA key"),
        ("okta", "privateKey", "/there/is/none.pem", "/there/is/none.pem: No such file"),
        ("google", "secretKey", "c2VjcmV0", "no JSON with client_email, private_key, token_uri"),
        ("google", "secretKey", '{"type": "authorized_user"}', "no JSON with client_email"),
        ("google", "secretKey", "~nobody-of-this-name/key.json", "key.json: No such file"),
        ("google", "secretKey", "/there/is/none.json", "/there/is/none.json: No such file"),
    ],
)
def test_a_key_that_cannot_be_used_is_told_by_its_field(
    provider: FakeIdentityProvider, name: str, field: str, value: str, why: str
) -> None:
    error = refused(provider, name, **{field: value})
    assert (type(error), error.where) == (CatalogueRefused, f"securityConfig.{field}")
    assert why in error.why
    assert "c2VjcmV0" not in str(error)
    assert provider.requests == []


def test_the_address_in_a_key_of_google_is_inside_the_fence(provider: FakeIdentityProvider, tmp_path: Path) -> None:
    """A key file says itself where it is sent to."""
    file = tmp_path / "key.json"
    file.write_text(provider.service_account())
    inside = server(provider, "google", secretKey=str(file)).inside(
        lambda url: url.startswith("https://oauth2.googleapis")
    )
    with pytest.raises(CatalogueRefused, match=r"`token_uri` of this key .* `\[kinesis_ingest\] allowed_hosts`"):
        token_for(inside).current()
    assert provider.requests == []
    file.write_text(json.dumps({**json.loads(provider.service_account()), "token_uri": "file:///etc"}))
    assert "no JSON with" in refused(provider, "google", secretKey=str(file)).why


@pytest.mark.parametrize("name", PROVIDERS)
def test_no_log_holds_a_secret(provider: FakeIdentityProvider, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a secret nor a token, whatever a library logs."""
    caplog.set_level("DEBUG")
    client(provider, name).get("/topics/name/x")
    assert caplog.text
    for secret in (SECRET, "PRIVATE KEY", provider.issued[0], "c2lnbmF0dXJl", "client_assertion"):
        assert secret not in caplog.text
