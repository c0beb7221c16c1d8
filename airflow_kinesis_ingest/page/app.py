"""The FastAPI app that the plugin mounts in Airflow's api-server."""

from __future__ import annotations

from urllib.parse import urlsplit

from airflow.configuration import conf
from fastapi import FastAPI

from .routes import openapi, services, static, workflows, writing

PREFIX = "/kinesis"


def create_app() -> FastAPI:
    # FastAPI's own pages of documentation ask nobody who they are: the document has a route that does.
    app = FastAPI(title="Kinesis", openapi_url=None, docs_url=None, redoc_url=None)
    for one in (services, workflows, writing, static, openapi):
        app.include_router(one.router)
    return app


def bundle_url() -> str:
    """Where the browser finds the page's code, below the path that Airflow is served under."""
    base = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
    return f"{base}{PREFIX}/static/{static.digest()}/main.js"
