"""`make audit`: every pin is asked about, what is known is said, and that nobody could be asked is no good news."""

from __future__ import annotations

import json
from importlib.metadata import version

import httpx
import pytest

from deploy.local.servers import advisories


def _client(known: dict[str, list[str]]) -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/querybatch"
        asked = [query["package"]["name"] for query in json.loads(request.content)["queries"]]
        results = [{"vulns": [{"id": each} for each in known[name]]} if name in known else {} for name in asked]
        return httpx.Response(200, json={"results": results})

    return httpx.Client(base_url="http://advisories", transport=httpx.MockTransport(answer))


def test_every_pin_is_asked_about() -> None:
    asked = advisories.pins()
    assert ("PyPI", "httpx", version("httpx")) in asked
    names = {pin.name for pin in asked}
    assert {"org.apache.kafka:kafka_2.13", "com.fasterxml.jackson.core:jackson-databind"} <= names
    assert advisories.known(_client({"httpx": ["X-1", "X-2"]}), asked) == {
        advisories.Pin("PyPI", "httpx", version("httpx")): ["X-1", "X-2"]
    }


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nowhere"])
def test_where_nobody_can_be_asked_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    monkeypatch.setenv("OSV_URL", url)
    assert advisories.main() == 3
    said = capsys.readouterr().err
    assert said.startswith("NOTHING WAS CHECKED")
    assert "未作任何核对" in said
