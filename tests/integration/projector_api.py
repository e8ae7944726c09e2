"""The read API in the process, with a recorder that opens every name."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from deploy.local.paths import write_private
from services.common.settings import Settings
from services.common.tokens.grants import Grants
from services.projector import read_models
from services.projector.api.live import Live
from services.projector.api.moves import Moves
from services.projector.api.names import Names
from services.projector.api.reading import Reading
from services.projector.api.service import create
from services.projector.following.engine import Engine
from services.projector.following.progress import Progress
from tests.integration.projector_world import CONSUMER, SHARDS, Models, engine_on

REST = "-0123456789abcdef"  # of every token here
_TOKENS = {
    "reader": "reader-token-0123456789abcdef",
    "auditor": "auditor-token-0123456789abcdef",
    "operator": "operator-token-0123456789abcdef",
    "publisher": "publisher-token-0123456789abcdef",
    "own": {"token": "own-token-0123456789abcdef", "role": "reader", "person": "p-1"},
    "head": {"token": "head-token-0123456789abcdef", "role": "reader", "offices": ["o-1"], "section": "x"},
    "both": {"token": "both-token-0123456789abcdef", "role": "reader", "offices": ["o-1", "o-4"], "section": "x"},
    "away": {"token": "away-token-0123456789abcdef", "role": "reader", "offices": ["o-9"]},
}


@dataclass
class Recorder:
    """Stands in for ``POST /open``: all are called Zhang, or as their sealed name reads where it is ``legible``."""

    asked: list[httpx.Request] = field(default_factory=list)
    status: int = 200
    legible: bool = False
    erased: bool = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        items = json.loads(request.content)["items"]
        return httpx.Response(self.status, json={"items": [self._opened(item) for item in items]})

    def _opened(self, item: dict[str, str]) -> dict[str, str]:
        return {"error": "erased"} if self.erased else {"text": item["ct"] if self.legible else "Zhang"}


@dataclass
class Api:
    """The application and what stands behind it."""

    client: httpx.AsyncClient
    engine: Engine
    recorder: Recorder
    moves: Moves

    async def get(self, path: str, token: str = "reader-token", **headers: str) -> httpx.Response:
        """Any answer."""
        return await self.client.get(path, headers={"Authorization": f"Bearer {token}{REST}", **headers})

    async def json(self, path: str, token: str = "reader-token") -> Any:  # noqa: ANN401  # JSON
        """The body of one that must be 200."""
        answer = await self.get(path, token)
        assert answer.status_code == 200, answer.text
        return answer.json()


class _Now:
    """Stands for a part of an application, which is dear to make and serves one test after another."""

    def __init__(self) -> None:
        self.part: Any = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the part has
        return getattr(self.part, name)


@dataclass
class _Application:
    models: Models
    reading: Any = field(default_factory=_Now)
    live: Any = field(default_factory=_Now)
    grants: Any = field(default_factory=_Now)

    @cached_property
    def app(self) -> FastAPI:
        """The application, made when its parts are first there."""
        return create(self.reading, self.grants, Progress(), Settings())


_made: list[_Application] = []


def _application(models: Models) -> _Application:
    found = next((made for made in _made if made.models == models), None)
    if found is None:
        _made.append(found := _Application(models))
    return found


@asynccontextmanager
async def api_on(
    database: str, folder: Path, consumer: str = CONSUMER, models: Models | None = None
) -> AsyncIterator[Api]:
    """The API on a database, its tokens in the folder, and an engine."""
    tokens = folder / "grants.json"
    write_private(tokens, json.dumps(_TOKENS).encode())
    recorder, models = Recorder(), models or read_models.load()
    async with engine_on(database, consumer, models) as engine:
        made = _application(models)
        made.grants.part, made.live.part = Grants.load(tokens), Live(database)
        moves = Moves(database, made.live, consumer)
        names = Names(httpx.AsyncClient(base_url="http://recorder", transport=httpx.MockTransport(recorder)))
        by_name = {model.name: model for model in models}
        made.reading.part = Reading(made.live, moves, names, by_name, consumer, SHARDS)
        try:
            transport = httpx.ASGITransport(made.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://projector") as client:
                yield Api(client, engine, recorder, moves)
        finally:
            made.live.terminate()
