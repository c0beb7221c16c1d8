"""The REST client of an OpenMetadata server: token, retries, FQN quoting. Paths are those of server 1.6 to 2.0."""

from __future__ import annotations

import logging
import re
import ssl
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote, urljoin

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from ... import __version__
from ...errors import (
    CatalogueRefused,
    IngestError,
    NotAllowed,
    ServerDown,
    Throttled,
    TopicRefused,
    Unreachable,
)
from ..retry import RETRY_FOR, Circuit
from ..workflow.models import OpenMetadataServer
from .answers import innermost, is_unconnected, retry_after, why_of
from .tokens import TIMEOUT, token_for

log = logging.getLogger(__name__)

# Entities to a page. The API always sends a topic's whole schema, 100 KB where that has 300 fields: the next page has
# as many as fit by the sizes of the last, and never so many that larger ones to come would take much memory.
FIRST_PAGE, LARGEST_PAGE = 50, 200
PAGE_BYTES = 4 * 1024 * 1024
AGAIN = {408, 500, 502, 503, 504}
DOWN = {502, 503}  # and not 504: there a proxy has waited for the answer to this one call
CHECK_TLS = "Check `verifySSL` and `sslConfig.caCertificate`"
CHECK_ADDRESS = "`hostPort` must end in /api, as in http://localhost:8585/api"
VERSION_PATH = "/system/version"
# The server's own rewriting of what its FQN grammar cannot hold (facts of the REST API, server 1.13).
RESERVED = {"::": "__reserved__colon__", ">": "__reserved__arrow__", '"': "__reserved__quote__"}


def entity_name(name: str) -> str:
    """A name as the server stores it: reserved characters replaced."""
    for reserved, replacement in RESERVED.items():
        name = name.replace(reserved, replacement)
    return name


def fqn(*names: str) -> str:
    """Names joined to a fully qualified name; one that holds a dot is quoted: `"my.svc"."acme.clicks"`."""
    return ".".join(f'"{name}"' if "." in name else name for name in map(entity_name, names))


def parted(name: str) -> tuple[str, str]:
    """A fully qualified name as that of its parent and its last name: `"my.svc"."a.b"` -> `"my.svc"`, `a.b`."""
    quoted_last = re.fullmatch(r'(?:(.*)\.)?"([^"]*)"', name)
    if quoted_last:
        return quoted_last[1] or "", quoted_last[2]
    parent, _, last = name.rpartition(".")
    return parent, last


class OpenMetadata:
    """One server, for many threads.

    Its token is the workflow's own, or an identity provider's; where that gives none, calls raise what `tokens` raises.

    Connection errors, 408, 429 (Retry-After), 5xx and answers that are not JSON are tried again. Methods return
    the decoded JSON body. Raises Throttled or Unreachable when that did not help, CatalogueRefused for 401, NotAllowed
    for 403, TopicRefused for any other refusal of a body, Stopped once `stop` is set.
    """

    def __init__(
        self,
        server: OpenMetadataServer,
        *,
        stop: threading.Event,
        pool: int = 8,
        timeout: tuple[float, float] = TIMEOUT,
        retry_for: float = RETRY_FOR,
    ) -> None:
        self.address = server.host_port.rstrip("/")
        self.warns_of_version = server.enable_version_validation is not False
        self._base = f"{self.address}/{server.api_version or 'v1'}"
        self._circuit = Circuit("OpenMetadata", stop, retry_for)
        self._timeout = timeout
        self._token = token_for(server)
        self._session = requests.Session()
        self._verify = _verification(server)
        self._session.headers["User-Agent"] = f"airflow-kinesis-ingest/{__version__}"
        for header, value in (server.extra_headers or {}).items():
            self._session.headers[header] = value.get_secret_value()
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=pool)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def get(self, path: str, *, holds: str = "", **query: str | int) -> Any:
        """The entity, or None if there is none (404). holds: what an answer must hold to be one."""
        return self._send("GET", path, query=query, missing=True, holds=holds)

    def put(self, path: str, body: Mapping[str, Any], *, holds: str = "") -> Any:
        """holds: what an answer must hold to be one."""
        return self._send("PUT", path, body=body, holds=holds)

    def patch(self, path: str, operations: list[dict[str, Any]]) -> Any:
        """JSON Patch (RFC 6902)."""
        return self._send("PATCH", path, body=operations, content_type="application/json-patch+json")

    def delete(self, path: str, **query: str) -> None:
        """An entity that is already gone is no error."""
        self._send("DELETE", path, query=query, missing=True)

    def pages(self, path: str, *, keys: Collection[str], **query: str | int) -> Iterator[dict[str, Any]]:
        """Every entity of a listing, read in pages of some megabytes.

        Of each, and of the objects in it, no more is kept than `id`, `name` and `keys`.
        """
        decode = partial(_page, keys=frozenset(keys) | PAGE_KEYS, address=self.address)
        after: dict[str, str] = {}
        seen: set[str] = set()
        limit = FIRST_PAGE
        while True:
            page = self._send("GET", path, query={**query, "limit": limit, **after}, decode=decode)
            yield from page.entities
            if not page.after:
                return
            if page.after in seen:
                raise _not_openmetadata(self.address, f"the pages of GET {path} repeat themselves without end")
            seen.add(page.after)
            after = {"after": page.after}
            limit = page.fitting

    def version(self) -> str:
        """The server's version; it needs no token. Explains an address that is not OpenMetadata's API."""
        answer = self._send("GET", VERSION_PATH, missing=True, holds="version")
        if answer is None:
            raise _not_openmetadata(self.address, "it does not tell its version", _write_address(self.address))
        return str(answer["version"])

    def token_good_for(self) -> float | None:
        """Have a token, from its provider if it has one: how many seconds it is good, None where nobody says it."""
        self._circuit.call(self._token.current)
        return self._token.seconds_left

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: object = None,
        content_type: str = "application/json",
        missing: bool = False,
        holds: str = "",
        decode: Callable[[requests.Response, str], Any] | None = None,
    ) -> Any:
        decode = decode or partial(_decoded, address=self.address, holds=holds)

        def once() -> Any:
            response = self._exchange(method, path, query or {}, body, content_type)
            if response.status_code == 404 and missing:
                return None
            if not response.ok or response.is_redirect:
                raise _translated_response(response, f"{method} {path}", self.address, self._token.when_refused)
            return decode(response, f"{method} {path}")

        return self._circuit.call(once)

    def _exchange(
        self, method: str, path: str, query: Mapping[str, str | int], body: object, content_type: str
    ) -> requests.Response:
        token = self._token.current()
        response = self._request(method, path, query, body, content_type, token)
        if response.status_code == 401 and self._token.renewed(token):
            response = self._request(method, path, query, body, content_type, self._token.current())
        return response

    def _request(
        self, method: str, path: str, query: Mapping[str, str | int], body: object, content_type: str, token: str
    ) -> requests.Response:
        try:
            response = self._session.request(
                method,
                self._base + path,
                params=query,
                json=body,
                headers={} if body is None else {"Content-Type": content_type},
                auth=_Bearer(token),
                verify=self._verify,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.exceptions.SSLError as error:
            raise _tls_failure(error, f"{method} {path}", self.address) from None
        except (requests.exceptions.InvalidHeader, UnicodeError):
            # The text of these errors is the header's value: it may be a secret.
            remedy = "Headers hold Latin letters in one line"
            raise CatalogueRefused("a header cannot be sent", where="extraHeaders", remedy=remedy) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            # requests lets some of urllib3's errors through, as for a host name that no DNS could hold, and looks where
            # a redirect leads to before it does not follow it: ValueError.
            raise (ServerDown if is_unconnected(error) else Unreachable)(
                "OpenMetadata did not answer",
                where=f"{method} {path}",
                why=why_of(error),
                remedy=f"Check that {self.address} is up and can be reached from here",
            ) from None
        except OSError as error:
            named = isinstance(self._verify, str)
            raise CatalogueRefused(
                "the CA certificate cannot be read",
                where="sslConfig.caCertificate" if named else "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE",
                why=str(error),
                remedy=CHECK_TLS if named else "Correct or unset these variables of the environment",
            ) from None
        log.debug(
            "%s %s: %d after %.0f ms", method, path, response.status_code, 1000 * response.elapsed.total_seconds()
        )
        return response


class _Bearer(AuthBase):
    """requests prefers ~/.netrc to an Authorization header, but not to this."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _verification(server: OpenMetadataServer) -> bool | str:
    if server.verify_ssl == "ignore":
        return False
    if server.verify_ssl == "validate" and server.ssl_config and server.ssl_config.ca_certificate:
        return server.ssl_config.ca_certificate
    return True


def _tls_failure(error: Exception, where: str, address: str) -> IngestError:
    """A connection that was cut in the handshake may work the next time; a certificate will not."""
    inner = innermost(error)
    if isinstance(inner, ssl.SSLCertVerificationError):
        what = "the server's certificate is not accepted"
        return CatalogueRefused(what, where=address, why=why_of(error), remedy=CHECK_TLS)
    kind, library = getattr(inner, "reason", None), getattr(inner, "library", None)
    if library == "X509":
        return CatalogueRefused("the CA certificate cannot be read", where=address, why=why_of(error), remedy=CHECK_TLS)
    if kind == "WRONG_VERSION_NUMBER":
        remedy = "Write `hostPort` with http://, or name the port that speaks https"
        return Unreachable("the server speaks plain http there", where=address, why=why_of(error), remedy=remedy)
    return Unreachable(
        "the TLS connection to OpenMetadata was not made",
        where=where,
        why=why_of(error),
        remedy=f"Run again; check what stands before {address} if it stays",
    )


PAGE_KEYS = frozenset({"data", "paging", "after", "id", "name"})


@dataclass(frozen=True, slots=True)
class _Page:
    """One page of a listing. after: the cursor to the next one, "" on the last; size: in bytes."""

    entities: list[dict[str, Any]]
    after: str
    size: int

    @property
    def fitting(self) -> int:
        """How many entities of this page's average size make a page."""
        return max(1, min(LARGEST_PAGE, PAGE_BYTES * max(1, len(self.entities)) // self.size))


def _page(response: requests.Response, where: str, *, keys: frozenset[str], address: str) -> _Page:
    """What is not among the keys goes while the text is parsed: parsed, a schema takes five times its text's memory."""

    def kept(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return {key: value for key, value in pairs if key in keys}

    body = _decoded(response, where, address, "data", object_pairs_hook=kept)
    if not _is_page(body):
        raise _not_openmetadata(address, f"the answer to {where} is no page of a listing")
    return _Page(body["data"], (body.get("paging") or {}).get("after") or "", len(response.content))


def _is_page(page: dict[str, Any]) -> bool:
    entities, paging = page["data"], page.get("paging") or {}
    if not (isinstance(entities, list) and isinstance(paging, dict)):
        return False
    return isinstance(paging.get("after") or "", str) and all(map(_is_entity, entities))


def _is_entity(entity: object) -> bool:
    return isinstance(entity, dict) and all(isinstance(entity.get(key), str) for key in ("id", "name"))


def _decoded(response: requests.Response, where: str, address: str, holds: str, **parsing: Any) -> Any:
    if not response.content and not holds:
        return None
    try:
        body = response.json(**parsing)
    except requests.exceptions.JSONDecodeError:
        raise _not_openmetadata(address, f"{where} was not answered in JSON") from None
    if not isinstance(body, dict) or (holds and body.get(holds) is None):
        raise _not_openmetadata(address, f"the answer to {where} holds no {holds or 'object'}")
    return body


def _not_openmetadata(address: str, why: str, remedy: str = CHECK_ADDRESS) -> Unreachable:
    return Unreachable("this does not answer as OpenMetadata's API does", where=address, why=why, remedy=remedy)


def _write_address(address: str) -> str:
    """What to write instead of an address that goes on after /api, as http://localhost:8585/api/v1 does."""
    api = re.match(r"https?://.+?/api(?=/)", address)
    return f"`hostPort` must end in /api: write {api[0]}" if api else CHECK_ADDRESS


def _redirected(response: requests.Response, where: str, address: str) -> Unreachable:
    """To the same API at another place, from http to https as a rule; or to a page for people, as that of a login."""
    target = urljoin(response.url, response.headers.get("Location", ""))
    origin, found, _ = target.partition("/api/")
    remedy = f"Write `hostPort` as {origin}/api" if found and f"{origin}/api" != address else CHECK_ADDRESS
    return _not_openmetadata(address, f"{where} was redirected to {target}", remedy)


def _translated_response(response: requests.Response, where: str, address: str, when_refused: str) -> IngestError:
    status, why = response.status_code, f"HTTP {response.status_code}: {_message(response)}"
    if status == 429:
        remedy = "Lower `options.concurrency`, or run later"
        return Throttled(
            "OpenMetadata asks for fewer calls", where=where, why=why, remedy=remedy, retry_after=retry_after(response)
        )
    if status == 500 and where == f"GET {VERSION_PATH}" and not address.endswith("/api"):
        # A path that the server does not know. It needs no token and no database: nothing else can be wrong.
        what = "this does not answer as OpenMetadata's API does"
        return CatalogueRefused(what, where=address, why=why, remedy=_write_address(address))
    if status in AGAIN:
        kind = ServerDown if status in DOWN else Unreachable
        return kind(
            "OpenMetadata failed",
            where=where,
            why=why,
            remedy="Run again; look into the server's log if it stays",
            retry_after=retry_after(response),
        )
    if response.is_redirect or 300 <= status < 400:
        return _redirected(response, where, address)
    if status == 401:
        return CatalogueRefused("the token is expired or wrong", where=address, why=why, remedy=when_refused)
    if status == 403:
        remedy = "Give the bot a role that may edit messaging services and topics"
        return NotAllowed("the token's bot may not do this", where=where, why=why, remedy=remedy)
    return TopicRefused(
        "OpenMetadata refuses this call", where=where, why=why, remedy="Look at the named field in OpenMetadata's log"
    )


def _message(response: requests.Response) -> str:
    """Refusals carry `message`, failures (500) `responseMessage` (seen on server 1.6)."""
    try:
        body = response.json()
    except requests.exceptions.JSONDecodeError:
        return response.reason or ""
    found = [body.get(key) for key in ("message", "responseMessage")] if isinstance(body, dict) else []
    return str(next(filter(None, found), response.reason))[:300]


def quoted(*names: str) -> str:
    """An FQN as one segment of a URL path."""
    return quote(fqn(*names), safe="")
