"""Data drawn from declarations are data of their types."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.base import ActionData
from schemas.catalogue import ACTIONS
from tests.support import drawn

POOL = {"person": ["p-1", "p-2"], "section": ["s-1"]}


@pytest.mark.parametrize("name", ACTIONS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(draw=st.data())
def test_only_what_its_own_rules_refuse_is_refused(name: str, draw: st.DataObject) -> None:
    model = ACTIONS[name]
    data = draw.draw(drawn.data(model, POOL))
    for sealed in model.SEALED:
        if model.model_fields[sealed].is_required():
            data[sealed] = "某"
    assert _wrong(model, data) <= _RULES


def _wrong(model: type[ActionData], data: dict[str, Any]) -> set[str]:
    """A rule over several fields speaks of the whole; what is wrong with one field alone would be drawn wrong."""
    try:
        model.model_validate(data)
    except ValidationError as error:
        return {each["type"] for each in error.errors()}
    return set()


_RULES = {"away_minutes", "no_minutes", "minutes_missing", "leave_kind", "granted_by", "title_missing", "count_extra"}
