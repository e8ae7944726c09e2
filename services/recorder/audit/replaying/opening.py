"""Events with their sealed fields opened, for those who may: what they say, and clearly not their exact bytes.

The recorder opens, with a reader's token, and logs it: the command holds no key. ``{"text": …}`` stands where a sealed
field was, ``{"erased": true}`` where the person was erased, ``{"error": …}`` where it doesn't open otherwise; and each
event says ``"opened": true`` of itself.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import orjson

from schemas.trust.canonical import canonical
from services.common.settings import Settings
from services.recorder.errors import Misconfigured, Unavailable

AT_ONCE: Final = 500  # sealed fields a request
_SECONDS: Final = 60.0
_SEALED: Final = {"alg", "kid", "aad", "iv", "ct"}
Json = dict[str, Any]


class Opening:
    """Asks the recorder's ``POST /open``."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """Ask through this client, which bears the token."""
        self._client = client

    async def __call__(self, bodies: Sequence[bytes]) -> list[bytes]:
        """The events, opened. Raises Unavailable, Misconfigured; ValueError where one is no event."""
        events = [{**orjson.loads(body), "opened": True} for body in bodies]
        places = [place for event in events for place in _places(event)]
        for first in range(0, len(places), AT_ONCE):
            some = places[first : first + AT_ONCE]
            answers = await self._ask([holder[key] for holder, key in some])
            for (holder, key), answer in zip(some, answers, strict=True):
                holder[key] = {"erased": True} if answer.get("error") == "erased" else answer
        return [canonical(event) for event in events]

    async def _ask(self, items: list[Json]) -> list[Json]:
        try:
            answer = await self._client.post("/open", json={"items": items})
        except httpx.TransportError as error:
            why = type(error).__name__
            raise Unavailable(
                f"the recorder, which opens sealed fields, can't be reached ({why}).",
                f"无法连接解封字段的记录服务（{why}）。",
            ) from error
        code = answer.status_code
        if code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise Misconfigured(
                f"The recorder opens nothing for this token ({code}): --opened needs a reader's.",
                f"记录服务不为该令牌解封（{code}）：--opened 需要读者的令牌。",
            )
        if not answer.is_success:
            raise Unavailable(f"the recorder opens nothing now ({code}).", f"记录服务目前无法解封（{code}）。")
        found: list[Json] = answer.json()["items"]
        return found


@asynccontextmanager
async def opening(settings: Settings) -> AsyncIterator[Opening]:
    """Ask the installation's recorder, as its reader. Raises Misconfigured where the token file names none."""
    headers = {"authorization": f"Bearer {_token(settings)}"}
    async with httpx.AsyncClient(
        base_url=settings.recorder_url, headers=headers, timeout=_SECONDS, trust_env=False
    ) as client:
        yield Opening(client)


def _token(settings: Settings) -> str:
    try:
        entry = orjson.loads(settings.tokens.read_bytes())["reader"]
        return str(entry if isinstance(entry, str) else entry["token"])
    except (OSError, ValueError, LookupError, TypeError):
        raise Misconfigured(
            f"{settings.tokens} has no entry 'reader', whose token --opened needs. CHENGZHANG_TOKENS names the file.",
            f"{settings.tokens} 中没有 reader 一项，--opened 需要其令牌。该文件由 CHENGZHANG_TOKENS 指定。",
        ) from None


def _places(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401  # JSON
    """Where sealed fields stand: what holds each, and its key there."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        if isinstance(part, dict) and part.keys() == _SEALED:
            yield value, key
        else:
            yield from _places(part)
