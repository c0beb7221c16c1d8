"""The security providers of OpenMetadata's schemas: what each block needs, what has no effect, what is a secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import SecretStr

from airflow_kinesis_ingest.engine.workflow.disclosure import advice, redacted, secrets
from airflow_kinesis_ingest.engine.workflow.document import parse
from airflow_kinesis_ingest.engine.workflow.fence import Fence
from airflow_kinesis_ingest.engine.workflow.loading import Runtime, check, loads
from airflow_kinesis_ingest.engine.workflow.models import SecurityConfig, json_schema
from airflow_kinesis_ingest.engine.workflow.providers import PROVIDERS, provider_of
from airflow_kinesis_ingest.errors import WorkflowError
from tests.workflow_text import EXAMPLE, SERVED, told

SCHEMAS = Path(__file__).parents[4] / "shared" / "openmetadata-schemas" / "security" / "client"
FILES = {
    "auth0": "auth0SSOClientConfig.json",
    "azure": "azureSSOClientConfig.json",
    "custom-oidc": "customOidcSSOClientConfig.json",
    "google": "googleSSOClientConfig.json",
    "okta": "oktaSSOClientConfig.json",
    "openmetadata": "openMetadataJWTClientConfig.json",
}
REAL: dict[str, Any] = {
    "clientId": "0oa",
    "secretKey": "s3cr3t-0f-ours",
    "domain": "dev-1.eu.auth0.com",
    "clientSecret": "s3cr3t-0f-ours",
    "authority": "https://login.microsoftonline.com/7d5c",
    "scopes": ["api://om/.default"],
    "tokenEndpoint": "https://idp.example.com/oauth2/token",
    "audience": "https://om.example.com",
    "orgURL": "https://dev-1.okta.com/oauth2/default/v1/token",
    "privateKey": "s3cr3t-0f-ours",
    "email": "bot@example.com",
    "jwtToken": "s3cr3t-0f-ours",
}
BLOCK = f"{SERVED}.securityConfig"
at_hand = pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the OpenMetadata schemas are not at hand")


def schema(name: str) -> dict[str, Any]:
    return dict(json.loads((SCHEMAS / name).read_text(encoding="utf-8")))


def block(provider: str, **changes: Any) -> dict[str, Any]:
    """All fields of a provider, as its schema has them; None takes one away."""
    fields = PROVIDERS[provider].fields if provider in PROVIDERS else ("jwtToken",)
    found = {name: REAL[name] for name in fields} | changes
    return {name: value for name, value in found.items() if value is not None}


def raw(provider: str | None, security: object) -> str:
    """One line for each field, from line 21 on."""
    lines = "".join(f"      {name}: {json.dumps(value)}\n" for name, value in dict(security).items())  # type: ignore[call-overload]
    first = f"    authProvider: {provider}\n" if provider else ""
    return EXAMPLE.replace("    securityConfig:\n      jwtToken: eyJ\n", f"{first}    securityConfig:\n{lines}")


# --- as in the schemas ------------------------------------------------------------------------------------------------


@at_hand
@pytest.mark.parametrize("provider", FILES)
def test_the_fields_of_a_provider_are_those_of_its_schema(provider: str) -> None:
    theirs = schema(FILES[provider])
    needs = PROVIDERS[provider].needs if provider in PROVIDERS else ("jwtToken",)
    fields = PROVIDERS[provider].fields if provider in PROVIDERS else ("jwtToken",)
    assert (set(fields), set(needs)) == (set(theirs["properties"]), set(theirs["required"]))
    jsonschema.validate(block(provider), theirs)


SCHEMA_FIELDS = [
    pytest.param(provider, name, declared, id=f"{provider}.{name}")
    for provider, file in (FILES.items() if SCHEMAS.is_dir() else ())
    for name, declared in schema(file)["properties"].items()
]


@at_hand
@pytest.mark.parametrize(("provider", "name", "declared"), SCHEMA_FIELDS)
def test_every_field_of_the_security_schemas_is_taken_as_it_is(
    provider: str, name: str, declared: dict[str, Any]
) -> None:
    """Its value, its default, its type, and whether it is a secret."""
    found = loads(raw(provider, block(provider)).encode(), "f.yaml").server
    assert found.security_config is not None
    alias_of = {info.alias: field for field, info in SecurityConfig.model_fields.items()}
    value = getattr(found.security_config, alias_of[name])
    assert isinstance(value, SecretStr) == (declared.get("format") == "password")
    assert (value.get_secret_value() if isinstance(value, SecretStr) else value) == REAL[name]
    assert SecurityConfig.model_fields[alias_of[name]].default == declared.get("default")
    wrong: object = "a" if declared["type"] == "array" else [1]
    assert any(f"{BLOCK}.{name}" in fault for fault in told(raw(provider, block(provider, **{name: wrong}))))


@at_hand
@pytest.mark.parametrize("name", schema("samlSSOClientConfig.json")["properties"] if SCHEMAS.is_dir() else [])
def test_no_field_of_saml_is_taken_because_no_client_signs_in_with_it(name: str) -> None:
    """It is the server's own configuration: with `saml`, a bot's JWT is sent."""
    found = told(raw("saml", {name: "x"}))
    assert any(f"{BLOCK}.{name}: the key `{name}` is unknown" in fault for fault in found)
    assert any(f"{BLOCK}.jwtToken: `jwtToken` is missing. Add it" in fault for fault in found)


# --- half a block, and too much of one --------------------------------------------------------------------------------

NEEDED = [
    pytest.param(provider, name, id=f"{provider}.{name}")
    for provider, takes in PROVIDERS.items()
    for name in takes.needs
]


@pytest.mark.parametrize("empty", [None, "", []], ids=["absent", "empty", "no list"])
@pytest.mark.parametrize(("provider", "name"), NEEDED)
def test_half_a_block_is_refused_with_its_place(provider: str, name: str, empty: object) -> None:
    """All that a provider needs is named, whatever it is that lacks."""
    given = block(provider, **{name: empty}, **({"audience": "x"} if provider == "google" else {}))
    found = [fault for fault in told(raw(provider, given)) if f"{BLOCK}.{name}: `{name}` is missing" in fault]
    assert len(found) == 1
    assert f"Add it: `authProvider: {provider}` needs " in found[0]
    line, column, _ = found[0].split(":", 2)
    assert (int(line), int(column)) == ((20, 5) if empty is None else (21 + list(given).index(name), 7))


def test_a_field_of_another_provider_is_refused() -> None:
    """It would be sent nowhere, and its writer would not know."""
    assert told(raw("custom-oidc", block("custom-oidc", domain="dev-1.eu.auth0.com"))) == [
        f"24:7: {BLOCK}.domain: `domain` has no effect for `custom-oidc`. Remove it"
    ]


def test_a_jwt_stands_alone() -> None:
    """Whichever provider is named: who writes both does not know which of them is sent."""
    assert told(raw("auth0", {"jwtToken": "eyJ", "clientId": "c"})) == [
        f"22:7: {BLOCK}.clientId: `clientId` has no effect beside `jwtToken`. Remove it"
    ]
    for provider in (*FILES, "basic", "ldap", "saml", "aws-cognito"):
        found = loads(raw(provider, {"jwtToken": "eyJ"}).encode(), "f.yaml").server
        assert provider_of(found) == ""


@pytest.mark.parametrize("named", [None, "basic", "openmetadata", "ldap", "saml", "aws-cognito"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_block_whose_provider_is_not_named_says_which_it_is(provider: str, named: str | None) -> None:
    [fault] = told(raw(named, block(provider)))
    assert f"{BLOCK}.jwtToken: `jwtToken` is missing. Add it, or write `authProvider: {provider}`" in fault


def test_a_block_of_nobody_is_told_as_one_without_a_token() -> None:
    [fault] = told(raw("basic", {"domain": "x", "authority": "https://login.example.com"}))
    assert fault.endswith(f"{BLOCK}.jwtToken: `jwtToken` is missing. Add it")


@pytest.mark.parametrize(
    ("provider", "name", "value", "problem"),
    [
        ("azure", "authority", "login.microsoftonline.com/x", "this is not a plain http(s) URL"),
        ("azure", "authority", "https://me:pw@login.microsoftonline.com/x", "this is not a plain http(s) URL"),
        ("custom-oidc", "tokenEndpoint", "https://idp/token?secret=x", "this is not a plain http(s) URL"),
        ("okta", "orgURL", "https://dev-7.okta.com", "this is not the URL of Okta's tokens"),
        ("auth0", "domain", "dev-1.eu.auth0.com/x", "this is not the name of a host"),
        ("azure", "scopes", "api://x", "this should be a valid list"),
    ],
)
def test_a_wrong_value_is_refused_and_not_shown(provider: str, name: str, value: object, problem: str) -> None:
    """It may be a secret that landed in the wrong field."""
    [fault] = told(raw(provider, block(provider, **{name: value})))
    assert f"{BLOCK}.{name}: {problem}. Write" in fault
    assert str(value) not in fault


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_editor_is_told_the_same_by_the_json_schema(provider: str) -> None:
    found = jsonschema.Draft202012Validator(json_schema())
    assert found.is_valid(yaml.safe_load(raw(provider, block(provider))))
    assert found.is_valid(yaml.safe_load(raw(provider, {"jwtToken": "eyJ"})))
    for name in PROVIDERS[provider].needs:
        assert not found.is_valid(yaml.safe_load(raw(provider, block(provider, **{name: None, "audience": "x"}))))


# --- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_secret_is_told_as_one_and_shown_nowhere(provider: str) -> None:
    """In what is shown of the workflow, in the warnings of `validate`, and for Airflow's masker."""
    document = parse(raw(provider, block(provider)).encode(), "f.yaml")
    found = check(document, "f")
    name = PROVIDERS[provider].secret
    assert {place[-1]: secret.get_secret_value() for place, secret in secrets(found)} == {name: REAL[name]}
    [warning] = advice(document, found)
    assert (warning.path, warning.problem) == (f"{BLOCK}.{name}", "a secret stands in the file")
    assert not any("s3cr3t" in text for text in (redacted(found), repr(found), str(found), str(warning)))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_secrets_come_from_the_environment_or_a_connection(provider: str) -> None:
    name = PROVIDERS[provider].secret
    by_variable = raw(provider, block(provider, **{name: "${IDP_SECRET}"}))
    assert advice(parse(by_variable.encode(), "f.yaml"), loads(by_variable.encode(), "f.yaml")) == []
    found = loads(by_variable.encode(), "f.yaml", Runtime({"IDP_SECRET": "s3cr3t-0f-ours"}))
    assert [secret.get_secret_value() for _, secret in secrets(found)] == ["s3cr3t-0f-ours"]
    assert found.origins.with_names("it is s3cr3t-0f-ours") == "it is ${IDP_SECRET}"
    connected = EXAMPLE.replace("    securityConfig:\n      jwtToken: eyJ\n", "") + "connections: {openmetadata: om}\n"
    server = {"hostPort": "http://om/api", "authProvider": provider, "securityConfig": block(provider)}
    found = loads(connected.encode(), "f.yaml", Runtime({}, server=server))
    assert provider_of(found.server) == provider
    assert found.origins.with_names("it is s3cr3t-0f-ours") == "it is connection `om`"


def test_half_a_block_of_a_connection_is_told_as_the_connections() -> None:
    connected = EXAMPLE.replace("    securityConfig:\n      jwtToken: eyJ\n", "") + "connections: {openmetadata: om}\n"
    server = {"authProvider": "okta", "securityConfig": block("okta", email=None)}
    [fault] = told(connected, Runtime({}, server=server))
    assert "connections.openmetadata: `securityConfig.email` of the connection `om`: `email` is missing" in fault


# --- the fence --------------------------------------------------------------------------------------------------------

ENDPOINTS = {"auth0": "domain", "azure": "authority", "custom-oidc": "tokenEndpoint", "okta": "orgURL"}


def outside(text: str, fence: Fence) -> list[str]:
    try:
        loads(text.encode(), "f.yaml", fence=fence)
    except WorkflowError as error:
        return [f"{fault.path}: {fault.problem}" for fault in error.faults]
    return []


@pytest.mark.parametrize("provider", ENDPOINTS)
def test_the_host_that_gives_tokens_is_inside_the_fence(provider: str) -> None:
    text, name = raw(provider, block(provider)), ENDPOINTS[provider]
    use = "this host is not among those that workflow files may use"
    assert outside(text, Fence(hosts=("localhost",))) == [f"{BLOCK}.{name}: {use}"]
    assert (
        outside(text, Fence(hosts=("localhost", "*.auth0.com", "*.microsoftonline.com", "*.okta.com", "idp.*"))) == []
    )


def test_the_address_in_googles_key_is_inside_the_fence_and_so_is_its_file() -> None:
    """The key says itself where it is sent to: one in the file is looked at here, another when it is read."""
    key = json.dumps({"token_uri": "https://evil.example.com/token"})
    [told_of] = outside(raw("google", {"secretKey": key}), Fence(hosts=("localhost", "oauth2.googleapis.com")))
    assert told_of.startswith(f"{BLOCK}.secretKey: this host is not")
    folders = Fence(token_folders=("/run/secrets",))
    assert outside(raw("google", {"secretKey": "/run/secrets/key.json"}), folders) == []
    [told_of] = outside(raw("google", {"secretKey": "/etc/key.json"}), folders)
    assert told_of.startswith(f"{BLOCK}.secretKey: the folder of this file is not")
    assert outside(raw("okta", block("okta", privateKey="/etc/key.pem")), folders) != []


def test_a_run_carries_the_fence_to_where_key_files_are_read() -> None:
    fence = Fence(hosts=("localhost", "oauth2.googleapis.com"))
    found = loads(raw("google", {"secretKey": "/run/key.json"}).encode(), "f.yaml", Runtime({}), fence).server
    assert found.allows("https://oauth2.googleapis.com/token")
    assert not found.allows("https://evil.example.com/token")


@pytest.mark.parametrize("provider", ["auth0", "azure", "custom-oidc"])
def test_a_clients_secret_is_no_path_whatever_it_looks_like(provider: str) -> None:
    """Those of Azure may begin with a tilde."""
    text = raw(provider, block(provider, **{PROVIDERS[provider].secret: "~s3cr3t"}))
    assert outside(text, Fence(token_folders=())) == []
    document = parse(text.encode(), "f.yaml")
    assert len(advice(document, check(document, "f"))) == 1
