"""The page on adding a read model: what it shows is a read model, and its test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from services.projector import read_models
from services.projector.read_models import ReadModel
from tests.integration.projector_api import api_on
from tests.integration.projector_world import World, fold
from tests.integration.read_models.known import Known

_PAGE = Path(__file__).parents[3] / "docs/how-to/add-a-read-model.md"


async def test_the_read_model_on_the_page_says_what_its_test_says(database: str, tmp_path: Path) -> None:
    shown = dict(re.findall(r"^```(\w+)\n(.*?)^```", _PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    (tmp_path / "chaired.sql").write_text(shown["sql"], encoding="utf-8")
    oracle: dict[str, Any] = {}
    exec(shown["python"], oracle)
    world = World()
    held = [world.convene(f"s-{number}") for number in range(3)]
    world.revoke(held[0])
    models = (*read_models.load(), ReadModel.load(tmp_path / "chaired.sql"))
    async with api_on(database, tmp_path, models=models) as api:
        await fold(api.engine, world.records, 2)
        page = await api.json("/offices/o-1/chaired")
        rows = {(item["person"], item["year"]): {"sessions": item["sessions"]} for item in page["items"]}
        assert rows == oracle["rows"](Known(world.events)) == {("p-1", 2026): {"sessions": 2}}
        told = await api.json("/offices/o-1/chaired?explain=sessions&person=p-1&year=2026")
    assert [event["event_id"] for event in told["events"]] == held[1:]
