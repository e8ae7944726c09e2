"""``python -m tests.contract.generate``: what both services serve of themselves, as files beside ``schemas/json``.

``schemas/openapi`` and ``schemas/asyncapi`` are not committed. It stands among the tests because it needs both
services, and nothing that runs may import both.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, Final, cast

import httpx
from fastapi import FastAPI

from schemas import generate
from services.common.settings import Settings
from services.common.tokens.grants import Grants
from services.projector import read_models
from services.projector.api.reading import Reading
from services.projector.api.service import create
from services.projector.following.progress import Progress
from services.recorder.app import web
from services.recorder.intake.http import Dependencies

KINDS: Final = ("openapi", "asyncapi")
SERVICES: Final = ("recorder", "projector")
HOST: Final = "http://chengzhang.test"
_NONE: Final = cast("Any", None)  # described, never called


def application(service: str, settings: Settings | None = None) -> FastAPI:
    """A service's HTTP application with nothing behind it but its pages."""
    grants, settings = Grants(Path()), settings or Settings()
    if service == "recorder":
        return web(Dependencies(_NONE, _NONE, _NONE, _NONE, grants, _NONE), _NONE, settings)
    models = {model.name: model for model in read_models.load()}
    return create(Reading(_NONE, _NONE, _NONE, models, _NONE, _NONE), grants, Progress(), settings)


def asked(app: FastAPI, path: str) -> httpx.Response:
    """The application's answer to somebody without a token."""

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST) as client:
            return await client.get(path)

    return asyncio.run(ask())


def document(kind: str, app: FastAPI, folder: str = "../json") -> str:
    """What the application serves, with references that lead to the schemas' files in this folder."""
    return generate.text(asked(app, f"/{kind}.json").json()).replace(f'"{generate.SERVED}/', f'"{folder}/')


def main() -> int:
    """Write both folders."""
    apps = {f"{service}.json": application(service) for service in SERVICES}
    folders = {kind: {name: document(kind, app) for name, app in apps.items()} for kind in KINDS}
    return max(generate.run(generate.FOLDER / kind, texts) for kind, texts in folders.items())


if __name__ == "__main__":
    sys.exit(main())
