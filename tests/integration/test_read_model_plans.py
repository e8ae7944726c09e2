"""What is asked about one person, or one office, is answered from that person's rows, or that office's: by the key."""

from __future__ import annotations

import re

import pytest

from services.projector import database as projector_database
from services.projector import read_models
from tests.integration.projector_world import engine_on

ASKED = [
    ("growth_entry", "of_person", "growth_entry"),
    ("growth_entry", "years_of_person", "growth_entry"),
    ("appraisal_summary", "of_person_as_of", "appraisal_summary"),
    ("appraisal_summary", "of_office_as_of", "appraisal_summary"),
    ("person", "names_of", "person"),
]


@pytest.mark.parametrize(("model", "query", "table"), ASKED)
async def test_a_question_about_somebody_reads_no_whole_table(
    database: str, model: str, query: str, table: str
) -> None:
    async with engine_on(database):
        models = {one.name: one for one in read_models.load()}
    connection = await projector_database.connect(database)
    try:
        # The tables are empty: without this they would be read whole. What no index serves still is.
        await connection.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
        statement = getattr(models[model].queries, query).sql
        await connection.execute(f"PREPARE asked AS {statement}")
        nothing = ", ".join("NULL" for _ in set(re.findall(r"\$\d+", statement)))
        plan = [row[0] for row in await connection.fetch(f"EXPLAIN EXECUTE asked ({nothing})")]
    finally:
        await connection.close()
    read = [at for at, line in enumerate(plan) if f" on {table} " in line]
    assert read
    assert all("Index Cond" in plan[at + 1] for at in read), plan
