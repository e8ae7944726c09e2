"""The page of who may what on Kafka says what the rules say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from deploy.local.access import principals

_DOCS: Final = Path(__file__).parents[2] / "docs/reference"


@pytest.mark.parametrize("page", ["kafka.md", "kafka.zh-CN.md"])
def test_every_principal_and_each_of_its_topics_is_named(page: str) -> None:
    rows = re.findall(
        r"^\| (?:an app |应用 )?`(\w+)` \| (.*?) \| (.*?) \|", (_DOCS / page).read_text("utf-8"), re.MULTILINE
    )
    told = {name: (topics, groups) for name, topics, groups in rows}
    assert set(told) == {*principals.LOGINS, principals.ADMIN, "NAME"}
    rules = [*principals.of_all("chengzhang"), *principals.of_app("chengzhang", "NAME")]
    for rule in rules:
        topics, groups = told[rule.principal]
        if rule.kind == "topic" and not rule.prefixed:
            assert f"`{rule.name.removeprefix('chengzhang.')}`" in topics, rule
        if rule.kind == "group" and rule.allows and rule.name != "*":
            assert f"`{rule.name.rstrip('-')}" in groups, rule


def test_what_one_may_is_named_once() -> None:
    rules = [*principals.of_all("c"), *principals.of_app("c", "a"), *principals.of_app("c", "b")]
    assert len(set(rules)) == len(rules)


@pytest.mark.parametrize(
    ("name", "well"),
    [("oa", True), ("study-2", True), ("a" * 64, True), ("a" * 65, False), ("", False), ("-a", False), ("a-", False),
     ("A", False), ("a.b", False), ("a_b", False), ("recorder", False), ("admin", False), ("reader", False)],
)  # fmt: skip
def test_an_apps_name_is_a_part_of_a_topics_and_nobody_elses(name: str, well: bool) -> None:
    assert principals.is_app_name(name) is well
