"""The REST client: what it tries again, what it explains, whose token it sends, and how names become FQNs."""

from __future__ import annotations

import datetime
import json
import re
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine import retry
from airflow_kinesis_ingest.engine.catalogue.client import OpenMetadata, entity_name, fqn, parted, quoted
from airflow_kinesis_ingest.engine.workflow.models import OpenMetadataServer
from airflow_kinesis_ingest.errors import (
    CatalogueRefused,
    IngestError,
    NotAllowed,
    ServerDown,
    Stopped,
    Throttled,
    TopicRefused,
    Unreachable,
)
from tests.fakes.openmetadata import BOT, FakeOpenMetadata, wide_schema
from tests.fakes.server import Fault, Faults, Reply, Rule, json_reply
from tests.virtual_time import VirtualTime

FEW_SECONDS = 2.0
TOPIC = {"name": "clicks", "service": "shop", "partitions": 1}


TIME = VirtualTime()


@pytest.fixture(autouse=True)
def _time_that_passes_by_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    TIME.replacing(monkeypatch, retry)


class Patience(threading.Event):
    """A stop that is never set: waiting for it turns the clock. It remembers how long it was asked to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        TIME.sleep(timeout or 0.0)
        return self.is_set()


def client_at(
    host_port: str,
    *,
    token: str = BOT,
    stop: threading.Event | None = None,
    timeout: float = 30.0,
    retry_for: float = 120.0,
    **server: Any,
) -> OpenMetadata:
    """Seconds pass at once."""
    told = {"hostPort": host_port, "securityConfig": {"jwtToken": token}, **server}
    settings = OpenMetadataServer.model_validate(told)
    return OpenMetadata(settings, stop=stop or Patience(), timeout=(timeout, timeout), retry_for=retry_for)


@contextmanager
def serving(*rules: Rule) -> Iterator[FakeOpenMetadata]:
    """A catalogue with the service `shop`."""
    with FakeOpenMetadata(faults=Faults(*rules)) as catalogue:
        catalogue.add_service("shop")
        yield catalogue


def failing(fault: Fault, times: int = 99) -> Rule:
    return Rule(fault, on=range(1, 1 + times))


# --- trying again -------------------------------------------------------------------------------------------------

AGAIN = [
    *(Fault.status(code) for code in (408, 429, 500, 502, 503, 504)),
    Fault.status(502, html=True),
    Fault.reset(),
    Fault.lost_answer(),
    Fault.truncated(),
    Fault.never(),
    Fault.html(),
    Fault.garbage(),
    Fault.redirect(),
]


def within(fault: Fault) -> float:
    """The time-out: short where it is what the test waits for, ample where it must not strike."""
    return 0.2 if fault.name == "never" else 30.0


@pytest.mark.parametrize("fault", AGAIN, ids=lambda fault: fault.name)
def test_a_call_that_may_succeed_later_is_made_again(fault: Fault) -> None:
    """And is right then, also when the server did the work and only its answer was lost."""
    with serving(failing(fault, 2)) as catalogue:
        made = client_at(catalogue.host_port, timeout=within(fault)).put("/topics", TOPIC)
        assert made["id"] == catalogue.topic("shop", "clicks")["id"]
        assert catalogue.counts["PUT /topics"] == 3


@pytest.mark.parametrize("fault", AGAIN, ids=lambda fault: fault.name)
def test_a_fault_that_stays_is_told(fault: Fault) -> None:
    with serving(failing(fault)) as catalogue:
        with pytest.raises((Throttled, Unreachable)) as caught:
            client_at(catalogue.host_port, timeout=within(fault), retry_for=FEW_SECONDS).put("/topics", TOPIC)
        assert catalogue.counts["PUT /topics"] > 3
    assert caught.value.remedy
    assert isinstance(caught.value, Throttled) == (fault.name == "status 429")


def test_a_server_that_is_not_there_is_named_with_its_address() -> None:
    with FakeOpenMetadata() as catalogue:
        address = catalogue.host_port
    with pytest.raises(Unreachable, match="Connection refused") as caught:
        client_at(address).version()
    assert address in caught.value.remedy


@pytest.mark.parametrize("fault", AGAIN, ids=lambda fault: fault.name)
def test_only_a_server_that_says_so_is_down_for_everybody(fault: Fault) -> None:
    """A 500, a 504 of a proxy, no answer or a cut connection may be about this one topic."""
    with serving(failing(fault)) as catalogue, pytest.raises((Throttled, Unreachable)) as caught:
        client_at(catalogue.host_port, timeout=within(fault), retry_for=0.0).put("/topics", TOPIC)
    assert (type(caught.value) is ServerDown) == (fault.name in ("status 502", "status 503"))


@pytest.mark.parametrize("host", ["refuses", "unknown.invalid:8585"])
def test_a_server_that_takes_no_connection_is_down_for_everybody(host: str) -> None:
    with FakeOpenMetadata() as catalogue:
        address = catalogue.host_port
    with pytest.raises(ServerDown):
        client_at(address if host == "refuses" else f"http://{host}/api", retry_for=0.0).version()


@pytest.mark.parametrize("status", [400, 409, 413, 501], ids=str)
def test_a_refusal_is_not_tried_again(status: int) -> None:
    with serving(failing(Fault.status(status))) as catalogue:
        with pytest.raises(TopicRefused, match=str(status)):
            client_at(catalogue.host_port).put("/topics", TOPIC)
        assert catalogue.counts["PUT /topics"] == 1


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_waited_for(status: int) -> None:
    stop = Patience()
    with serving(failing(Fault.status(status, retry_after="7"), 1)) as catalogue:
        client_at(catalogue.host_port, stop=stop).put("/topics", TOPIC)
    assert 7.0 < sum(stop.waits) < 8.0


def test_retry_after_as_a_date_is_waited_for() -> None:
    """RFC 9110 10.2.3: seconds or an HTTP date."""
    stop = Patience()
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=15)
    fault = Fault.status(429, retry_after=format_datetime(moment, usegmt=True))
    with serving(failing(fault, 1)) as catalogue:
        client_at(catalogue.host_port, stop=stop).put("/topics", TOPIC)
    assert 10 < stop.waits[0] < 16


@pytest.mark.parametrize("asked", ["soon", "-5", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_retry_after_that_cannot_be_kept_costs_no_more_than_any_failure(asked: str) -> None:
    """Nonsense, and the past."""
    stop = Patience()
    with serving(failing(Fault.status(429, retry_after=asked), 1)) as catalogue:
        client_at(catalogue.host_port, stop=stop).put("/topics", TOPIC)
    assert 0 < stop.waits[0] <= retry.FIRST_WAIT


def test_once_stopped_no_call_is_made() -> None:
    stop = threading.Event()
    with serving() as catalogue:
        client = client_at(catalogue.host_port, stop=stop)
        stop.set()
        with pytest.raises(Stopped):
            client.get("/topics/name/x")
        assert catalogue.requests == []


# --- explaining itself ----------------------------------------------------------------------------------------------


def refused(host_port: str, **options: Any) -> IngestError:
    with pytest.raises(IngestError) as caught:
        client_at(host_port, **options).version()
    return caught.value


def test_the_version_tells_that_the_server_is_reached() -> None:
    with FakeOpenMetadata(version="1.13.0") as catalogue:
        assert client_at(catalogue.host_port, token="").version() == "1.13.0"


@pytest.mark.parametrize("path", ["", "/", "/api/v1", "/openmetadata/api"])
def test_an_address_that_is_not_the_api_is_told_by_name(path: str) -> None:
    """The UI answers everything with an HTML page and 200, a wrong path with 404."""
    with FakeOpenMetadata() as catalogue:
        error = refused(catalogue.url + path)
    assert "must end in /api" in error.remedy
    assert error.where == (catalogue.url + path).rstrip("/")


UNKNOWN_PATH = json_reply(500, {"code": 500, "responseMessage": "HTTP 404 Not Found"})


def test_an_address_with_the_version_in_it_is_told_at_once_with_what_to_write() -> None:
    """A real server (1.6) answers 500 to a path that it does not know; its words are in `responseMessage`."""
    with serving(failing(Fault("unknown path", reply=UNKNOWN_PATH))) as catalogue:
        error = refused(catalogue.url + "/api/v1")
        assert catalogue.counts.total() == 1
    assert isinstance(error, CatalogueRefused)
    assert error.where == catalogue.url + "/api/v1"
    assert error.remedy == f"`hostPort` must end in /api: write {catalogue.url}/api"
    assert "HTTP 500: HTTP 404 Not Found" in error.why


def test_a_server_that_fails_for_a_while_is_no_wrong_address() -> None:
    with serving(failing(Fault("failure", reply=UNKNOWN_PATH), 2)) as catalogue:
        assert client_at(catalogue.host_port).version() == catalogue.version


def test_the_words_of_a_failure_are_told() -> None:
    """Those of a refusal are in `message`, those of a failure in `responseMessage`."""
    answer = Fault("failure", reply=json_reply(500, {"code": 500, "responseMessage": "the database is full"}))
    with serving(failing(answer)) as catalogue, pytest.raises(Unreachable, match="HTTP 500: the database is full"):
        client_at(catalogue.host_port).put("/topics", TOPIC)


def test_a_slash_at_the_end_of_the_address_is_no_fault() -> None:
    with FakeOpenMetadata() as catalogue:
        assert client_at(catalogue.host_port + "/").version() == catalogue.version


def test_a_redirect_to_no_address_is_no_answer() -> None:
    with serving(failing(Fault.redirect("http://[login"))) as catalogue:
        error = refused(catalogue.host_port)
    assert isinstance(error, Unreachable)
    assert "OpenMetadata did not answer" in str(error)


def test_a_redirect_is_not_followed_but_named() -> None:
    """A followed redirect turns a PUT into the GET of a login page, and takes the token along."""
    with serving(failing(Fault.redirect("http://127.0.0.1:9/login"))) as catalogue:
        error = refused(catalogue.host_port)
    assert isinstance(error, Unreachable)
    assert "redirected to http://127.0.0.1:9/login" in error.why


@pytest.mark.parametrize(
    ("location", "remedy"),
    [
        ("https://om.example.com/api/v1/system/version", "Write `hostPort` as https://om.example.com/api"),
        ("/openmetadata/api/v1/system/version", "/openmetadata/api"),
        ("http://127.0.0.1:9/login", "must end in /api"),
        ("", "must end in /api"),
    ],
)
def test_the_place_that_a_redirect_names_is_what_to_write(location: str, remedy: str) -> None:
    """From http to https as a rule: then `hostPort` ends in /api already."""
    with serving(failing(Fault.redirect(location))) as catalogue:
        assert remedy in refused(catalogue.host_port).remedy


def test_a_host_name_that_no_dns_could_hold_is_told() -> None:
    """urllib3's own error for it passes through requests."""
    host = "a" * 70 + ".example.com"
    error = refused(f"http://{host}/api")
    assert isinstance(error, Unreachable)
    assert host in error.remedy


def test_the_password_of_a_proxy_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """urllib3 repeats an address that it cannot read."""
    monkeypatch.setenv("http_proxy", "http://user:s3cr3t@proxy:99999")
    assert "s3cr3t" not in str(refused("http://om.example.com/api"))


@pytest.mark.parametrize("token", ["", "expired", "wrong"])
def test_a_token_that_is_not_accepted_is_told(token: str) -> None:
    with serving() as catalogue:
        with pytest.raises(CatalogueRefused, match="the token is expired or wrong") as caught:
            client_at(catalogue.host_port, token=token).get("/topics/name/x")
        assert catalogue.counts.total() == 1
    assert "Settings > Bots" in caught.value.remedy
    assert "HTTP 401" in caught.value.why


def test_a_token_without_the_right_is_told() -> None:
    with serving() as catalogue:
        catalogue.forbidden = ["PUT /topics"]
        with pytest.raises(NotAllowed, match="HTTP 403") as caught:
            client_at(catalogue.host_port).put("/topics", TOPIC)
        assert catalogue.counts["PUT /topics"] == 1
    assert "role" in caught.value.remedy


def test_the_servers_own_words_are_told() -> None:
    with serving() as catalogue, pytest.raises(TopicRefused, match="partitions must be greater"):
        client_at(catalogue.host_port).put("/topics", {**TOPIC, "partitions": 0})


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"data": null}'], ids=repr)
def test_json_that_is_no_listing_is_no_empty_listing(body: bytes) -> None:
    """An empty catalogue in its place would have every topic made again."""
    answer = Fault("another answer", reply=Reply(200, body, {"Content-Type": "application/json"}))
    with serving(failing(answer)) as catalogue, pytest.raises(Unreachable):
        list(client_at(catalogue.host_port).pages("/topics", keys=(), service="shop"))


PAGES: list[Any] = [
    {"data": "abc"},
    {"data": {"id": "1", "name": "a"}},
    {"data": [1]},
    {"data": [{}]},
    {"data": [{"id": 1, "name": "a"}]},
    {"data": [], "paging": [1]},
    {"data": [], "paging": {"after": 5}},
]


@pytest.mark.parametrize("page", PAGES, ids=json.dumps)
def test_a_page_of_another_shape_is_told_as_not_openmetadatas(page: Any) -> None:
    answer = Fault("another answer", reply=json_reply(200, page))
    with serving(failing(answer)) as catalogue, pytest.raises(Unreachable, match="no page of a listing"):
        list(client_at(catalogue.host_port).pages("/topics", keys=(), service="shop"))


def test_a_last_page_may_say_nothing_of_pages() -> None:
    answer = Fault("another answer", reply=json_reply(200, {"data": [], "paging": None}))
    with serving(failing(answer)) as catalogue:
        assert list(client_at(catalogue.host_port).pages("/topics", keys=(), service="shop")) == []


def test_pages_that_repeat_themselves_end_the_listing() -> None:
    """A cache that forgets the query would have it go on for ever."""
    page = {"data": [{"id": "1", "name": "a"}], "paging": {"after": "same"}}
    with serving(failing(Fault("same answer", reply=json_reply(200, page)))) as catalogue:
        with pytest.raises(Unreachable, match="repeat themselves"):
            list(client_at(catalogue.host_port).pages("/topics", keys=(), service="shop"))
        assert catalogue.counts["GET /topics"] == 2


@pytest.mark.parametrize("body", [b"[1]", b'"text"', b"7"], ids=repr)
def test_json_that_is_no_object_is_no_answer(body: bytes) -> None:
    answer = Fault("another answer", reply=Reply(200, body, {"Content-Type": "application/json"}))
    with serving(failing(answer)) as catalogue, pytest.raises(Unreachable):
        client_at(catalogue.host_port).get("/topics/name/x")


def test_what_is_not_there_is_none_and_its_deletion_no_error() -> None:
    with serving() as catalogue:
        client = client_at(catalogue.host_port)
        assert client.get(f"/topics/name/{quoted('shop', 'none')}") is None
        client.delete("/topics/00000000-0000-0000-0000-000000000000")


# --- token ----------------------------------------------------------------------------------------------------------


def bearer(catalogue: FakeOpenMetadata) -> list[str]:
    return [request.headers.get("authorization", "") for request in catalogue.requests]


def test_a_token_is_sent_as_it_stands() -> None:
    with serving() as catalogue:
        client_at(catalogue.host_port).get("/topics/name/x")
        assert bearer(catalogue) == [f"Bearer {BOT}"]


def test_a_token_may_be_the_path_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text(f"{BOT}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with serving() as catalogue:
        for path in (str(tmp_path / "token"), "~/token"):
            client_at(catalogue.host_port, token=path).get("/topics/name/x")
        assert bearer(catalogue) == [f"Bearer {BOT}"] * 2


def test_a_token_file_is_read_again_when_its_token_is_refused(tmp_path: Path) -> None:
    """A token that is rotated while a run goes on costs one more call."""
    file = tmp_path / "token"
    file.write_text(BOT)
    with serving() as catalogue:
        client = client_at(catalogue.host_port, token=str(file))
        client.get("/topics/name/x")
        catalogue.bots = {"fresh"}
        file.write_text("fresh")
        client.get("/topics/name/x")
        client.get("/topics/name/x")
        assert bearer(catalogue) == [f"Bearer {token}" for token in (BOT, BOT, "fresh", "fresh")]


def test_a_token_file_that_did_not_change_is_not_tried_again(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("expired")
    with serving() as catalogue:
        with pytest.raises(CatalogueRefused, match="expired or wrong"):
            client_at(catalogue.host_port, token=str(file)).get("/topics/name/x")
        assert catalogue.counts.total() == 1


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["missing", "binary"])
def test_a_token_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with serving() as catalogue, pytest.raises(CatalogueRefused) as caught:
        client_at(catalogue.host_port, token=str(tmp_path / "token")).version()
    assert caught.value.where == "securityConfig.jwtToken"
    assert str(tmp_path / "token") in caught.value.why


@pytest.mark.parametrize("token", ["two\nlines", "an en dash \u2013 from a document"])
def test_a_token_that_no_header_can_carry_is_told_without_showing_it(token: str) -> None:
    """requests puts the whole header into its own message: it must not reach a log."""
    with serving() as catalogue:
        error = refused(catalogue.host_port, token=token)
    assert isinstance(error, CatalogueRefused)
    assert token not in str(error)
    assert repr(token)[1:-1] not in str(error)


def test_a_netrc_file_does_not_replace_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """requests prefers ~/.netrc to an Authorization header."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving() as catalogue:
        client_at(catalogue.host_port).get("/topics/name/x")
        assert bearer(catalogue) == [f"Bearer {BOT}"]


def test_extra_headers_go_with_every_request() -> None:
    with serving() as catalogue:
        client = client_at(catalogue.host_port, extraHeaders={"X-Tenant": "acme"})
        client.version()
        client.put("/topics", TOPIC)
        assert [request.headers["x-tenant"] for request in catalogue.requests] == ["acme"] * 2


@pytest.mark.parametrize("value", ["two\nlines", "an en dash \u2013"])
def test_an_extra_header_that_cannot_be_sent_is_told_without_showing_it(value: str) -> None:
    with serving() as catalogue:
        error = refused(catalogue.host_port, extraHeaders={"X-Key": value})
    assert isinstance(error, CatalogueRefused)
    assert error.where == "extraHeaders"
    assert repr(value)[1:-1] not in str(error)


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key of 127.0.0.1 in one file, signed by itself."""
    x509 = pytest.importorskip("cryptography.x509")
    from ipaddress import ip_address

    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "fake")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(made.public_bytes(encoding) + private)
    return file


class Version(BaseHTTPRequestHandler):
    """Answers everything with a version."""

    def do_GET(self) -> None:
        body = b'{"version": "1.13.0"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


class TlsServer(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that does not trust the certificate hangs up."""


@pytest.fixture
def https(certificate: Path) -> Iterator[str]:
    """hostPort of a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with TlsServer(("127.0.0.1", 0), Version) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}/api"
        server.shutdown()


@pytest.mark.parametrize("verify", ["no-ssl", None])
def test_a_certificate_is_checked_unless_the_file_says_otherwise(https: str, verify: str | None) -> None:
    error = refused(https, verifySSL=verify)
    assert isinstance(error, CatalogueRefused)
    assert "verifySSL" in error.remedy


def test_validate_trusts_the_given_authority(https: str, certificate: Path) -> None:
    client = client_at(https, verifySSL="validate", sslConfig={"caCertificate": str(certificate)})
    assert client.version() == "1.13.0"


class CuttingServer(TlsServer):
    """Its first connection ends in the handshake, as behind a load balancer that is being replaced."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Version)
        self.connections = 0
        self._context = context

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.connections += 1
        if self.connections == 1:
            connection.recv(65536)
            connection.close()
            raise ConnectionError("cut")
        return self._context.wrap_socket(connection, server_side=True), address


def test_a_connection_that_is_cut_in_the_handshake_is_made_again(certificate: Path) -> None:
    """It says nothing of the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with CuttingServer(context) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        address = f"https://127.0.0.1:{server.server_port}/api"
        client = client_at(address, verifySSL="validate", sslConfig={"caCertificate": str(certificate)})
        assert client.version() == "1.13.0"
        server.shutdown()
    assert server.connections == 2


def test_https_to_a_server_that_speaks_http_is_told() -> None:
    with serving() as catalogue:
        error = refused(catalogue.host_port.replace("http:", "https:"))
    assert isinstance(error, Unreachable)
    assert "plain http" in error.what
    assert "http://" in error.remedy


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_ignore_checks_nothing(https: str) -> None:
    assert client_at(https, verifySSL="ignore").version() == "1.13.0"


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_the_files_choice_wins_over_the_environments(https: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """requests prefers REQUESTS_CA_BUNDLE to what a session was told."""
    import certifi

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    assert client_at(https, verifySSL="ignore").version() == "1.13.0"


@pytest.mark.parametrize("content", [None, "not a certificate"], ids=["missing", "nonsense"])
def test_an_authority_that_cannot_be_read_is_named(https: str, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content:
        file.write_text(content)
    error = refused(https, verifySSL="validate", sslConfig={"caCertificate": str(file)})
    assert isinstance(error, CatalogueRefused)
    assert "sslConfig.caCertificate" in error.remedy


def test_an_authority_that_the_environment_names_is_told_by_its_variable(
    https: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nope.pem")
    error = refused(https)
    assert "REQUESTS_CA_BUNDLE" in error.where
    assert "/nope.pem" in error.why


# --- names and pages --------------------------------------------------------------------------------------------------

NAMES = st.text(st.sampled_from("ab.:>\"'/% ?#é\u4e16"), min_size=1, max_size=12)


def parsed(name: str) -> list[str]:
    """The names of an FQN by the server's grammar: parts between dots, each plain or, with a dot in it, in quotes."""
    part = r'(?:"([^"]*\.[^"]*)"|([^".]+))'
    assert re.fullmatch(rf"{part}(?:\.{part})*", name), name
    return [quoted or plain for quoted, plain in re.findall(part, name)]


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_an_fqn_parses_back_into_its_names(names: list[str]) -> None:
    assert parsed(fqn(*names)) == [entity_name(name) for name in names]


@given(NAMES, NAMES)
def test_the_parent_and_the_last_name_of_an_fqn_are_found_again(service: str, name: str) -> None:
    assert parted(fqn(service, name)) == (fqn(service), entity_name(name))


@given(st.lists(NAMES, min_size=1, max_size=3))
def test_an_fqn_in_a_path_is_one_segment(names: list[str]) -> None:
    segment = quoted(*names)
    assert re.fullmatch(r"[A-Za-z0-9._~%-]+", segment)
    assert unquote(segment) == fqn(*names)


@given(NAMES)
def test_a_stored_name_holds_nothing_reserved_and_changes_no_more(name: str) -> None:
    stored = entity_name(name)
    assert not re.search(r'::|[>"]', stored)
    assert entity_name(stored) == stored


def test_dots_are_quoted_and_nothing_else() -> None:
    assert fqn("my.svc", "acme.clicks") == '"my.svc"."acme.clicks"'
    assert fqn("shop", "clicks") == "shop.clicks"
    assert quoted("my.svc", "clicks") == "%22my.svc%22.clicks"


def test_a_listing_is_read_to_its_end_in_pages() -> None:
    with serving() as catalogue:
        for number in range(451):
            catalogue.add_topic("shop", f"topic-{number:04d}")
        pages = client_at(catalogue.host_port).pages("/topics", keys=(), service="shop")
        found = [topic["name"] for topic in pages]
        asked = [request.query for request in catalogue.calls("GET", "/topics")]
    assert found == [f"topic-{number:04d}" for number in range(451)]
    assert [query["limit"] for query in asked] == ["50", "200", "200", "200"]
    assert ["after" in query for query in asked] == [False, True, True, True]


def test_large_topics_come_in_smaller_pages() -> None:
    """The API always sends a topic's whole schema: 1,000 with 300 fields are 100 MB of text."""
    with serving() as catalogue:
        for number in range(120):
            catalogue.add_topic("shop", f"topic-{number:04d}", messageSchema=wide_schema(600))
        found = list(client_at(catalogue.host_port).pages("/topics", keys=("deleted",), service="shop"))
        asked = [int(request.query["limit"]) for request in catalogue.calls("GET", "/topics")]
    assert len(found) == 120
    assert max(asked) <= 50
    assert max(asked[1:]) * len(json.dumps(wide_schema(600))) <= 4 * 1024 * 1024


def test_of_a_listed_entity_only_what_was_asked_for_is_kept() -> None:
    config = {"streamARN": "arn:aws:kinesis:eu-west-1:1:stream/a", "keyId": "alias/a"}
    with serving() as catalogue:
        made = catalogue.add_topic("shop", "a", topicConfig=config, messageSchema=wide_schema(3))
        keys = ("topicConfig", "streamARN", "deleted")
        found = list(client_at(catalogue.host_port).pages("/topics", keys=keys, service="shop"))
    kept = {"id": made["id"], "name": "a", "deleted": False, "topicConfig": {"streamARN": config["streamARN"]}}
    assert found == [kept]


def test_a_page_takes_little_more_memory_than_its_text() -> None:
    """Parsed as a whole it takes five times as much: what is not needed of a topic goes while it is parsed."""
    entities = [{"id": str(number), "name": str(number), "messageSchema": wide_schema(300)} for number in range(50)]
    reply = json_reply(200, {"data": entities, "paging": {"total": 50}})
    del entities
    with serving(failing(Fault("a page", reply=reply))) as catalogue:
        client = client_at(catalogue.host_port)
        tracemalloc.start()
        try:
            assert len(list(client.pages("/topics", keys=("deleted",), service="shop"))) == 50
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 3 * len(reply.body)


def test_one_client_serves_many_threads() -> None:
    with serving() as catalogue:
        client = client_at(catalogue.host_port)
        names = [f"topic-{number}" for number in range(40)]

        def work(mine: list[str]) -> None:
            for name in mine:
                client.put("/topics", {**TOPIC, "name": name})

        threads = [threading.Thread(target=work, args=(names[start::8],)) for start in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(topic["name"] for topic in catalogue.topics.values()) == sorted(names)
