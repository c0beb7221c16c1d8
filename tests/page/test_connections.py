"""What the page's form of a connection relies on: Airflow's API keeps a secret that it was not sent."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from airflow.models.connection import Connection
from airflow.utils.session import create_session
from sqlalchemy import delete, select

from tests.page.conftest import Client

EXTRA = {"awsRegion": "eu-west-1", "awsSessionToken": "the session token", "unknown": {"a": 1}}
HIDDEN = {**EXTRA, "awsSessionToken": "***"}
URL = "/api/v2/connections/shop_aws"
NAMED = {"connection_id": "shop_aws", "conn_type": "kinesis"}


@pytest.fixture
def shop_aws(request: pytest.FixtureRequest) -> Iterator[None]:
    request.getfixturevalue("database")
    with create_session() as session:
        extra = json.dumps(EXTRA)
        session.add(Connection("shop_aws", "kinesis", login="AKIA", password="the secret key", extra=extra))
    yield
    with create_session() as session:
        session.execute(delete(Connection).where(Connection.conn_id == "shop_aws"))


def stored() -> Connection:
    with create_session() as session:
        found = session.scalar(select(Connection).where(Connection.conn_id == "shop_aws"))
        assert isinstance(found, Connection)
        session.expunge(found)
        return found


@pytest.mark.usefixtures("shop_aws")
def test_a_secret_is_read_as_stars_and_one_that_is_not_sent_stays(client: Client) -> None:
    """update_mask names the only fields that change."""
    told = client("op").get(URL).json()
    assert (told["password"], json.loads(told["extra"])) == ("***", HIDDEN)
    assert client("op").patch(f"{URL}?update_mask=login", json={**NAMED, "login": "AKIB"}).status_code == 200
    found = stored()
    assert (found.login, found.password, found.extra_dejson) == ("AKIB", "the secret key", EXTRA)


@pytest.mark.usefixtures("shop_aws")
def test_stars_within_the_extra_are_the_secret_that_is_stored(client: Client) -> None:
    body = {**NAMED, "extra": json.dumps({**HIDDEN, "awsRegion": "us-east-2"})}
    assert client("op").patch(f"{URL}?update_mask=extra", json=body).status_code == 200
    found = stored()
    assert (found.password, found.extra_dejson) == ("the secret key", {**EXTRA, "awsRegion": "us-east-2"})


@pytest.mark.usefixtures("shop_aws")
def test_a_secret_is_taken_away_by_an_extra_without_it(client: Client) -> None:
    """A password is not, by nothing that is sent: so the form does not offer it."""
    body = {**NAMED, "password": None, "extra": json.dumps({"awsRegion": "eu-west-1"})}
    assert client("op").patch(f"{URL}?update_mask=password&update_mask=extra", json=body).status_code == 200
    assert stored().extra_dejson == {"awsRegion": "eu-west-1"}


@pytest.mark.usefixtures("shop_aws")
@pytest.mark.parametrize("role", ["viewer", "user"])
def test_who_may_not_edit_connections_changes_none(client: Client, role: str) -> None:
    assert client(role).patch(f"{URL}?update_mask=login", json={**NAMED, "login": "x"}).status_code == 403
