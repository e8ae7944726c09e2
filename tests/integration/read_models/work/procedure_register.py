"""``procedure_register``: each procedure's latest revision."""

from __future__ import annotations

from typing import Any

from tests.integration.read_models.known import Known


def rows(known: Known) -> dict[tuple[Any, ...], dict[str, Any]]:
    """By the day from which it is in force; of one day the one recorded last."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for fact in sorted(known.standing("work.procedure-revised"), key=lambda fact: str(fact.data["from_on"])):
        told = {"line": fact.data.get("line"), "title": fact.data["title"], "version": fact.data["version"]}
        found[fact.data["procedure"],] = told | {"from_on": fact.data["from_on"]}
    return found
