"""``recorder status`` and ``projector status``: exact keys, exit codes, and plain words where something doesn't run."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.acceptance.pair import Office, Pair, Sent, until

_NOWHERE = "postgresql://nobody:nothing@127.0.0.1:9/none"
_ASKED: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "recorder": (("recorder", "status", "--json"), {}),
    "projector": (("projector", "status", "--json"), {}),
    "recorder zh": (("recorder", "status", "--lang", "zh"), {"COLUMNS": "160"}),
    "projector zh": (("projector", "status"), {"LANG": "zh_CN.UTF-8", "COLUMNS": "160"}),
    "recorder en": (("recorder", "status", "--lang", "en"), {"LANG": "zh_CN.UTF-8", "COLUMNS": "160"}),
    "stopped": (("recorder", "status", "--json"), {"CHENGZHANG_RECORDER_URL": "http://127.0.0.1:9"}),
    "no database": (("recorder", "status", "--json"), {"CHENGZHANG_DATABASE_URL": _NOWHERE}),
    "no database zh": (("recorder", "status", "--lang", "zh"), {"CHENGZHANG_DATABASE_URL": _NOWHERE}),
    "projector, no database": (("projector", "status", "--json"), {"CHENGZHANG_DATABASE_URL": _NOWHERE}),
    "projector, no database zh": (("projector", "status", "--lang", "zh"), {"CHENGZHANG_DATABASE_URL": _NOWHERE}),
    "no Kafka": (("recorder", "status", "--json"), {"CHENGZHANG_KAFKA": "127.0.0.1:9"}),
    "usage": (("recorder", "status", "--nonsense"), {}),
    "bad setting": (("recorder", "status"), {"CHENGZHANG_SHARDS": "many"}),
    "no tokens": (("recorder", "serve"), {"CHENGZHANG_TOKENS": "/nowhere/tokens.json"}),
    "projector, no tokens": (("projector", "serve"), {"CHENGZHANG_TOKENS": "/nowhere/tokens.json"}),
    "no wrapping key": (("recorder", "serve"), {"CHENGZHANG_KEK_FILE": "/nowhere/kek"}),
    "other shard count": (("recorder", "serve"), {"CHENGZHANG_SHARDS": "4"}),
}


@pytest.fixture(scope="module")
def said(pair: Pair) -> dict[str, CompletedProcess[str]]:
    """What each command says, asked side by side."""
    office = Office(pair)
    receipt = pair.accepted(office.section())
    pair.told([Sent(b"{")])
    pair.seen(receipt)
    until(lambda: None if _behind(pair) else True, lambda: (_behind(pair), pair.recorder.log()[-6000:]))
    until(lambda: None if _unread(pair) else True, "the intake has not noted what it read")
    with ThreadPoolExecutor(4) as pool:
        asked = {name: pool.submit(pair.command, *line, **env) for name, (line, env) in _ASKED.items()}
        return {name: found.result() for name, found in asked.items()}


def _unread(pair: Pair) -> int | None:
    """How many records the intake has not noted as read."""
    lag: int | None = json.loads(pair.command("recorder", "status", "--json").stdout)["intake_lag"]
    return lag


def _behind(pair: Pair) -> list[dict[str, Any]]:
    """The shards whose relay has not noted all of it."""
    rows = pair.sql(
        "SELECT * FROM ledger.shard s JOIN ledger.relay r USING (shard) "
        "WHERE (s.size, s.next_receipt) IS DISTINCT FROM (r.events, r.receipts)"
    )
    return [dict(row) for row in rows]


def test_recorder_status_in_json(pair: Pair, said: dict[str, CompletedProcess[str]]) -> None:
    assert said["recorder"].returncode == 0, said["recorder"].stderr
    found: dict[str, Any] = json.loads(said["recorder"].stdout)
    assert list(found) == ["state", "ledger", "intake_lag", "quarantined", "shards", "checkpoints_waiting"]
    assert found["state"] == "running"
    assert found["ledger"] == str(pair.sql("SELECT ledger FROM ledger.installation")[0]["ledger"])
    assert found["intake_lag"] == 0
    assert found["quarantined"] >= 1
    sizes = {row["shard"]: row for row in pair.sql("SELECT * FROM ledger.shard")}
    assert [shard["shard"] for shard in found["shards"]] == list(range(8))
    for shard in found["shards"]:
        assert list(shard) == [
            "shard", "next", "next_receipt", "relayed", "relayed_receipts", "mode", "reason", "checkpoint", "unsigned",
            "refold", "foreign",
        ]  # fmt: skip
        assert shard["foreign"] == []
        assert (shard["mode"], shard["reason"], shard["unsigned"], shard["refold"]) == ("writable", None, None, None)
        assert shard["next"] == shard["relayed"] == sizes[shard["shard"]]["size"]
        assert shard["next_receipt"] == shard["relayed_receipts"] == sizes[shard["shard"]]["next_receipt"]


def test_projector_status_in_json(pair: Pair, said: dict[str, CompletedProcess[str]]) -> None:
    assert said["projector"].returncode == 0, said["projector"].stderr
    found: dict[str, Any] = json.loads(said["projector"].stdout)
    assert list(found) == ["state", "lag", "shards", "version", "current", "building", "old"]
    assert (found["state"], found["lag"]) == ("live", 0)
    assert (found["version"], found["current"], found["building"], found["old"]) == (1, True, None, [])
    sizes = {row["shard"]: row["size"] for row in pair.sql("SELECT * FROM ledger.shard")}
    for shard in found["shards"]:
        assert list(shard) == ["shard", "next", "end", "lag", "state", "error", "foreign", "foreign_last"]
        assert (shard["foreign"], shard["foreign_last"]) == (0, None)
        assert shard["next"] == shard["end"] == sizes[shard["shard"]]
        assert (shard["lag"], shard["state"], shard["error"]) == (0, "live", None)
    assert [shard["shard"] for shard in found["shards"]] == list(range(8))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("recorder zh", ["分片", "已发布", "隔离", "运行中"]),
        ("projector zh", ["分片", "读模型", "落后", "正常"]),
        ("recorder en", ["shard", "relayed", "quarantine", "running"]),
    ],
)
def test_tables_for_people(said: dict[str, CompletedProcess[str]], asked: str, words: list[str]) -> None:
    assert said[asked].returncode == 0
    for word in words:
        assert word in said[asked].stdout


def test_a_recorder_that_does_not_run_is_told_with_all_else(said: dict[str, CompletedProcess[str]]) -> None:
    assert said["stopped"].returncode == 3
    found = json.loads(said["stopped"].stdout)
    assert found["state"] == "stopped"
    assert len(found["shards"]) == 8


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("no database", 3), ("projector, no database", 3), ("usage", 2), ("bad setting", 2), ("no tokens", 1),
        ("projector, no tokens", 1), ("no wrapping key", 1), ("other shard count", 1),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_a_line(said: dict[str, CompletedProcess[str]], asked: str, code: int) -> None:
    found = said[asked]
    assert found.returncode == code, (found.stdout, found.stderr)
    assert found.stderr.strip()
    assert "Traceback" not in found.stdout + found.stderr
    assert "nobody:nothing" not in found.stderr


def test_without_kafka_the_lag_is_unknown_and_that_is_said(said: dict[str, CompletedProcess[str]]) -> None:
    found = said["no Kafka"]
    assert found.returncode == 1
    assert json.loads(found.stdout)["intake_lag"] is None
    (line,) = found.stderr.splitlines()
    assert line.startswith("Kafka can't be reached at 127.0.0.1:9: ")


def test_a_database_that_is_away_is_said_in_chinese(pair: Pair, said: dict[str, CompletedProcess[str]]) -> None:
    ends = f"请用 `office up --home {pair.settings.home}` 启动。"
    assert said["no database zh"].stderr.startswith("未运行：无法连接账本数据库（")
    assert said["no database zh"].stderr.strip().endswith(f"）。{ends}")
    assert said["projector, no database zh"].stderr.strip() == f"未运行：数据库没有应答。{ends}"


def test_what_would_mend_it_is_said(said: dict[str, CompletedProcess[str]]) -> None:
    assert "CHENGZHANG_SHARDS=8" in said["other shard count"].stderr
    assert "CHENGZHANG_TOKENS" in said["no tokens"].stderr
    assert "CHENGZHANG_KEK_FILE" in said["no wrapping key"].stderr
    assert "CHENGZHANG_SHARDS" in said["bad setting"].stderr
    assert "office up" in said["no database"].stderr


def test_the_home_folder_of_another_installation_holds_nothing_here(pair: Pair, tmp_path: Path) -> None:
    url = pair.settings.database_url.rsplit("/", 1)[0] + "/postgres"
    found = pair.command("recorder", "status", "--home", str(tmp_path), CHENGZHANG_DATABASE_URL=url)
    assert found.returncode == 3
    assert "started on this database" in found.stderr
