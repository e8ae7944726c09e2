"""``recorder audit verify`` on a running pair: all is well but for one row of a read model, which is named."""

from __future__ import annotations

import json
from typing import Any

from tests.acceptance.pair import Office, Pair, line


def test_a_row_of_a_read_model(pair: Pair, office: Office) -> None:
    person = office.register()
    receipt = pair.accepted(office.attendance(office.convened(person), line(person)))
    pair.seen(receipt)
    where = "WHERE office = $1 AND person = $2 AND type LIKE '%.attendance-recorded.v1'"
    [kept] = pair.sql(f"SELECT tier FROM office_v1.fact {where}", str(office), person)
    pair.sql(f"UPDATE office_v1.fact SET tier = 'x' {where}", str(office), person)
    try:
        ended = pair.command("recorder", "audit", "verify", "--json")
    finally:
        pair.sql(f"UPDATE office_v1.fact SET tier = $3 {where}", str(office), person, kept["tier"])
    assert (ended.returncode, ended.stderr) == (1, ""), ended.stdout[-2000:]
    told: dict[str, Any] = json.loads(ended.stdout)
    left_out = [part for part in told["skipped"] if not part.startswith("checkpoints of")]  # none is signed yet
    assert (told["ok"], left_out) == (False, [])
    assert told["checked"]["read_models"]["read_model_rows"] > 0
    [problem] = told["problems"]
    event = receipt["events"][0]
    assert (problem["kind"], problem["shard"], problem["position"]) == (
        "read-model", receipt["shard"], event["position"],
    )  # fmt: skip
    assert (problem["expected"], problem["found"]) == ({"tier": kept["tier"]}, {"tier": "x"})
