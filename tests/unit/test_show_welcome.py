"""The end of `office up`: the sample is published once, shown every time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from deploy.local.commands import marker, welcome
from deploy.local.publishing.answers import Answers
from deploy.local.speaking.messages import Lang
from services.common.settings import Settings
from tests.contract.generate import application, asked

Json = dict[str, Any]
DOCUMENT = asked(application("projector"), "/openapi.json").json()
DUTY = {
    "office": "o-w1", "duty": "duty-report", "id": "p-w1-009/2099H1", "owner": "p-w1-009", "owner_name": "赵晓芳",
    "section": "xinxi", "section_name": "信息科", "what": "report", "due_on": "2099-06-30", "done_on": None,
}  # fmt: skip


class Stack:
    """What the welcome talks to: publications are kept, reads answered from a table."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.publications: list[list[Json]] = []
        self.asked: list[httpx.URL] = []
        self.refuses = False

    async def published(self, _: Settings, actions: Iterable[Json], *__: object) -> Answers:
        self.publications.append(list(actions))
        answers = Answers(accepted=len(self.publications[-1]), at_least={3: 700})
        if self.refuses:
            answers.refuse("not-yet", {"message": {"en": "wait"}})
        return answers

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        if request.url.path == "/receipts":
            return httpx.Response(200 if self.publications else 404, json={"recorded_at": "…"})
        if request.url.path.startswith("/offices/o-w1/appraisals/"):
            row = {
                "person": "p-w1-009", "name": "赵晓芳", "section": "xinxi", "section_name": "信息科",
                "tier": "staff", "stage": "not-opened",
                "requirement_met": True, "evidence_by_group": {"work": 2}, "grade": None, "proposed_grade": None,
            }  # fmt: skip
            return httpx.Response(200, json={"office": "o-w1", "items": [row], "next": None, "seen": {}})
        if request.url.path == "/openapi.json":
            return httpx.Response(200, json=DOCUMENT)
        if request.url.path.startswith("/offices/"):
            items = [DUTY] if request.url.path.endswith("/due") else []
            return httpx.Response(200, json={"office": "o-w1", "items": items, "next": None, "seen": {}})
        file: Json = {"person": "p-w1-009", "name": "赵晓芳", "as_of": None, "years": [], "entries": [], "next": None}
        return httpx.Response(200, json=file | {"seen": {}})


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    (tmp_path / "tokens.json").write_text(json.dumps({"reader": "r", "publisher": "p"}))
    stack = Stack(Settings(home=tmp_path, tokens=tmp_path / "tokens.json"))
    transport = httpx.MockTransport(stack.answer)
    client: Callable[..., httpx.AsyncClient] = httpx.AsyncClient
    monkeypatch.setattr(welcome, "published", stack.published)
    monkeypatch.setattr(welcome, "recorder", lambda _: client(base_url="http://r", transport=transport))
    monkeypatch.setattr(welcome, "reader", lambda _: httpx.Client(base_url="http://p", transport=transport))
    return stack


async def greeted(stack: Stack, lang: Lang = "en") -> tuple[int, str]:
    console = Console(width=120)
    with console.capture() as capture:
        code = await welcome.welcome(stack.settings, console, lang)
    return code, capture.get()


async def test_the_first_time_it_publishes_waits_and_shows(stack: Stack) -> None:
    code, page = await greeted(stack)
    assert code == 0
    assert 2000 < len(stack.publications[0]) < 6000
    assert {action["office"] for action in stack.publications[0]} == {"o-w1"}
    assert [url.params["at_least"] for url in stack.asked if "at_least" in url.params] == ["3:700"]
    for word in (
        "赵晓芳",
        "growth file",
        "what is due",
        "p-w1-009/2099H1",
        "Appraisal",
        "tokens.json",
        "office file p-w1-009",
        stack.settings.recorder_url,
    ):
        assert word in page
    # What a process list would show: the token in curl's arguments. It goes by a file that its owner alone may read.
    assert not re.search(r"curl .*(Bearer|tokens\.json)", page)
    assert f"curl -H @{stack.settings.home}/reader.header" in page
    assert "(umask 077; " in page


async def test_the_second_time_it_only_shows(stack: Stack) -> None:
    await greeted(stack)
    code, page = await greeted(stack, "zh")
    assert code == 0
    assert len(stack.publications) == 1
    assert "成长档案" in page


async def test_a_start_cut_short_goes_on_with_the_same_actions(stack: Stack) -> None:
    await greeted(stack)
    kept = marker.load(stack.settings.home)
    assert kept
    marker.save(stack.settings.home, marker.Marker(kept.office, kept.year, kept.until))
    await greeted(stack)
    assert stack.publications[0] == stack.publications[1]


async def test_another_ledger_gets_the_sample_again(stack: Stack) -> None:
    await greeted(stack)
    stack.publications.clear()
    await greeted(stack)
    assert len(stack.publications) == 1


async def test_a_refusal_is_not_hidden(stack: Stack) -> None:
    stack.refuses = True
    code, page = await greeted(stack)
    assert code == 1
    assert "not-yet" in page
