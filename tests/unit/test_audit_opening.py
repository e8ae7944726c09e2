"""``recorder audit replay --opened``: sealed fields as text or as erased, wherever they stand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from services.common.settings import Settings
from services.recorder.audit.replaying import opening as module
from services.recorder.audit.replaying.opening import Opening, opening
from services.recorder.errors import Misconfigured, Unavailable

_ANSWERS = {"a": {"text": "王"}, "b": {"error": "erased"}, "c": {"error": "unreadable"}}


def _sealed(kid: str) -> dict[str, str]:
    return {"alg": "A256GCM", "kid": kid, "aad": "x", "iv": "x", "ct": "x"}


def _event(**data: object) -> bytes:
    return orjson.dumps({"type": "t", "data": data})


def _recorder(request: httpx.Request) -> httpx.Response:
    items = orjson.loads(request.content)["items"]
    assert len(items) <= module.AT_ONCE
    return httpx.Response(200, json={"items": [_ANSWERS[item["kid"]] for item in items]})


async def _opened(*bodies: bytes, answer: Callable[[httpx.Request], httpx.Response] = _recorder) -> list[Any]:
    async with httpx.AsyncClient(base_url="http://recorder", transport=httpx.MockTransport(answer)) as client:
        return [orjson.loads(body) for body in await Opening(client)(bodies)]


async def test_sealed_fields_are_told_wherever_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    revoked = {"type": "t", "data": {"note": _sealed("b"), "list": [_sealed("a"), 1]}}
    first, second, third = await _opened(
        _event(name=_sealed("a"), person="p-1"), _event(fact=revoked), _event(note=_sealed("c"))
    )
    assert first == {"type": "t", "data": {"name": {"text": "王"}, "person": "p-1"}, "opened": True}
    assert second["data"]["fact"]["data"] == {"note": {"erased": True}, "list": [{"text": "王"}, 1]}
    assert third["data"] == {"note": {"error": "unreadable"}}


async def test_what_has_nothing_sealed_asks_nobody() -> None:
    assert await _opened(_event(x=1), answer=lambda _: httpx.Response(500)) == [
        {"type": "t", "data": {"x": 1}, "opened": True}
    ]


@pytest.mark.parametrize(("status", "error"), [(403, Misconfigured), (401, Misconfigured), (503, Unavailable)])
async def test_a_refusal_is_told(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=str(status)):
        await _opened(_event(name=_sealed("a")), answer=lambda _: httpx.Response(status))


async def test_nobody_there_is_told() -> None:
    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("x", request=request)

    with pytest.raises(Unavailable, match="ConnectError"):
        await _opened(_event(name=_sealed("a")), answer=gone)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"reader": 7}'])
async def test_no_readers_token_is_told(tmp_path: Path, content: str) -> None:
    settings = Settings(tokens=tmp_path / "tokens.json")
    settings.tokens.write_text(content)
    with pytest.raises(Misconfigured, match="reader"):
        async with opening(settings):
            pass
