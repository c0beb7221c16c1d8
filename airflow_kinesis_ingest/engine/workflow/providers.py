"""The security providers of OpenMetadata's connections: the fields that each needs, and where it is asked for tokens.

Names and fields are those of OpenMetadata's security/client schemas 1.13.0, where each provider has a block of its own.
A `jwtToken` is sent as it is, whichever `authProvider` stands beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import Fault
from .document import Document, Place, block_at
from .field_types import PLACEHOLDER, is_path, is_url
from .models import SECURITY_BLOCK, SERVER_BLOCK, OpenMetadataServer, SecurityConfig


@dataclass(frozen=True, slots=True)
class Takes:
    """The fields of one provider. secret: the one of `needs` that proves who asks."""

    needs: tuple[str, ...]
    secret: str
    optional: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        return self.needs + self.optional


PROVIDERS: Mapping[str, Takes] = {
    "auth0": Takes(("clientId", "secretKey", "domain"), "secretKey"),
    "azure": Takes(("clientId", "clientSecret", "authority", "scopes"), "clientSecret"),
    "custom-oidc": Takes(("clientId", "secretKey", "tokenEndpoint"), "secretKey"),
    "google": Takes(("secretKey",), "secretKey", ("audience",)),
    "okta": Takes(("clientId", "orgURL", "privateKey", "email"), "privateKey", ("scopes",)),
}


TOKEN_ADDRESSES = ("domain", "authority", "tokenEndpoint", "orgURL")
"""The fields that say where a token is asked for, and a client's secret is sent to."""


def provider_of(server: OpenMetadataServer) -> str:
    """The key of PROVIDERS that gives the token; "" where the token is a `jwtToken`, or where there is none."""
    security, provider = server.security_config, server.auth_provider or ""
    return provider if provider in PROVIDERS and security is not None and security.jwt_token is None else ""


def base_url(domain: str) -> str:
    """Of an Auth0 tenant, by its name or its address."""
    return (domain if "://" in domain else f"https://{domain}").rstrip("/")


def urls_in(security: SecurityConfig) -> Iterator[tuple[str, str]]:
    """Each field that says where a token is asked for, and its URL."""
    found = {
        "domain": security.domain and base_url(security.domain),
        "authority": security.authority,
        "tokenEndpoint": security.token_endpoint,
        "orgURL": security.org_url,
        "secretKey": _token_uri(security),
    }
    return ((field, url) for field, url in found.items() if url and not PLACEHOLDER.search(url))


def _token_uri(security: SecurityConfig) -> str | None:
    """Of the key of a Google service account that stands in the file itself."""
    try:
        key = json.loads(security.secret_key.get_secret_value() if security.secret_key else "")
    except ValueError:
        return None
    uri = key.get("token_uri") if isinstance(key, dict) else None
    return uri if isinstance(uri, str) and is_url(uri) else None


def paths_in(server: OpenMetadataServer) -> Iterator[tuple[str, str]]:
    """The field that is the path of a file on the worker, and the path. A client's secret may look like one."""
    security = server.security_config or SecurityConfig()
    found = {"": ("jwtToken", security.jwt_token), "google": ("secretKey", security.secret_key)}
    field, secret = (found | {"okta": ("privateKey", security.private_key)}).get(provider_of(server), ("", None))
    path = secret.get_secret_value() if secret else ""
    if is_path(path) and not PLACEHOLDER.search(path):
        yield field, path


def security_faults(document: Document) -> Iterator[Fault]:
    """What the block lacks, and what stands in it without effect. A block that is not there is for `rules.py`."""
    given = {key: value for key, value in block_at(document.data, SECURITY_BLOCK).items() if value is not None}
    provider = block_at(document.data, SERVER_BLOCK).get("authProvider")
    known = [key for key in given if key in _FIELDS]
    if not given:
        return
    if "jwtToken" in given:
        yield from _without_effect(document, [key for key in known if key != "jwtToken"], "beside `jwtToken`")
    elif isinstance(provider, str) and provider in PROVIDERS:
        takes = PROVIDERS[provider]
        for name in takes.needs:
            if given.get(name) in (None, "", []):
                yield _missing(document, name, f"Add it: `authProvider: {provider}` needs {_named(takes.needs)}")
        yield from _without_effect(document, [key for key in known if key not in takes.fields], f"for `{provider}`")
    else:
        yield _missing(document, "jwtToken", _meant(set(known)))


_FIELDS = frozenset(field for takes in PROVIDERS.values() for field in takes.fields)


def _meant(keys: set[str]) -> str:
    partly = [name for name, takes in PROVIDERS.items() if keys and keys <= set(takes.fields)]
    meant = [name for name in partly if keys >= set(PROVIDERS[name].needs)] or partly
    options = " or ".join(f"`authProvider: {name}`" for name in meant)
    return f"Add it, or write {options} to say who gives the token" if meant else "Add it"


def _missing(document: Document, name: str, remedy: str) -> Fault:
    return document.fault((*SECURITY_BLOCK, name), f"`{name}` is missing", remedy, of_key=True)


def _without_effect(document: Document, names: list[str], where: str) -> Iterator[Fault]:
    for name in names:
        place: Place = (*SECURITY_BLOCK, name)
        yield document.fault(place, f"`{name}` has no effect {where}", "Remove it", of_key=True)


def _named(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def conditions() -> list[dict[str, Any]]:
    """What the JSON Schema says of `securityConfig` by `authProvider`, for editors."""
    return [
        {
            "if": {"properties": {"authProvider": {"const": name}}, "required": ["authProvider"]},
            "then": {
                "properties": {
                    "securityConfig": {
                        "anyOf": [
                            {"type": "null"},
                            {"required": ["jwtToken"]},
                            {"required": list(takes.needs), "propertyNames": {"enum": list(takes.fields)}},
                        ]
                    }
                }
            },
        }
        for name, takes in PROVIDERS.items()
    ]
