"""What the services tell about themselves: valid, whole, open to everybody, and from nowhere but their own host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema
from openapi_spec_validator import OpenAPIV31SpecValidator

from schemas import generate
from schemas.catalogue import ACTIONS, EVENTS
from services.common.settings import Settings
from tests.contract.generate import HOST, KINDS, SERVICES, application, asked, document


@pytest.fixture(params=SERVICES, scope="module")
def app(request: pytest.FixtureRequest) -> FastAPI:
    return application(request.param)


class _Linked(HTMLParser):
    """Collects what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = dict(attrs)
        self.found += [value for name in ("src", "href") if (value := own.get(name))]
        if tag == "style" or (tag == "script" and not own.get("src")) or own.keys() & {"style", "onload", "onclick"}:
            self.inline.append(tag)


def test_the_page_loads_nothing_from_another_host(app: FastAPI) -> None:
    page = _page(app)
    assert len(page.found) >= 4
    for link in page.found:
        own = _own(app, "/docs", link)
        if own is not None and own.headers["content-type"].startswith("text/css"):
            for inner in re.findall(r"url\(['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", own.text):
                _own(app, urlsplit(str(own.url)).path, "".join(inner))


def test_the_page_runs_with_a_policy_that_names_no_other_host_and_nothing_inline(app: FastAPI) -> None:
    assert _page(app).inline == []
    policy = asked(app, "/docs").headers["content-security-policy"]
    directives = {name: set(sources) for name, *sources in (part.split() for part in policy.split(";"))}
    assert directives["default-src"] == {"'none'"}
    assert set.union(*directives.values()) == {"'none'", "'self'", "data:"}
    assert "validatorUrl: null" in asked(app, "/docs/start.js").text


def _page(app: FastAPI) -> _Linked:
    page = _Linked()
    page.feed(asked(app, "/docs").text)
    return page


def _own(app: FastAPI, base: str, link: str) -> httpx.Response | None:
    """What a link leads to, which must be on this host; None for what is in the link itself."""
    if link.startswith("data:"):
        return None
    target = urlsplit(urljoin(f"{HOST}{base}", link))
    assert f"{target.scheme}://{target.netloc}" == HOST, link
    answer = asked(app, target.path)
    assert answer.status_code == 200, link
    return answer


@pytest.mark.parametrize("kind", KINDS)
def test_every_reference_of_a_description_leads_to_something_that_is_served(app: FastAPI, kind: str) -> None:
    seen = {f"/{kind}.json": asked(app, f"/{kind}.json").json()}
    waiting = list(seen)
    while waiting:
        path = waiting.pop()
        for reference in _references(seen[path]):
            target = urlsplit(urljoin(f"{HOST}{path}", reference))
            if target.path not in seen:
                assert target.path.startswith(f"/{generate.SERVED}/")
                seen[target.path] = asked(app, target.path).json()
                waiting.append(target.path)
            _at(seen[target.path], target.fragment)
    assert kind == "openapi" or "/schemas/event.json" in seen


def _references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        yield from part.get("discriminator", {}).get("mapping", {}).values()
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _references(inner)


def _at(at: Any, pointer: str) -> None:  # noqa: ANN401  # any part of a document
    for part in pointer.split("/")[1:]:
        at = at[part.replace("~1", "/").replace("~0", "~")]


def test_the_openapi_description_is_valid(app: FastAPI) -> None:
    described = json.loads(document("openapi", app, (generate.FOLDER / "json").as_uri()))
    assert described["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(described).validate()


def test_the_asyncapi_description_is_valid(app: FastAPI) -> None:
    described = asked(app, "/asyncapi.json").json()
    assert described["asyncapi"] == "3.0.0"
    assert ApplicationSchema.model_validate(described).to_jsonable() == described


def test_the_descriptions_name_every_action_and_event() -> None:
    recorder = application("recorder")
    described = asked(recorder, "/openapi.json").json()
    refs = {f"schemas/{name}.json" for name in ACTIONS}
    assert set(_references(described["components"]["schemas"]["Action"])) == refs
    told = set(_references(asked(recorder, "/asyncapi.json").json()))
    assert {f"schemas/{name}.json" for name in (*ACTIONS, *EVENTS)} <= told


def test_the_asyncapi_description_is_of_this_installation() -> None:
    own = asked(application("projector", Settings(topic_prefix="mine", kafka="k:9092")), "/asyncapi.json").json()
    assert [channel["address"] for channel in own["channels"].values()] == ["mine.events"]
    assert [server["host"] for server in own["servers"].values()] == ["k:9092"]


@pytest.mark.parametrize("path", ["/schemas/none.json", "/schemas/../base.py", "/docs/assets/none.js", "/redoc"])
def test_there_is_nothing_else(app: FastAPI, path: str) -> None:
    answer = asked(app, path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
