"""What the project runs on is named with its licence, and the names are those of what is pinned."""

from __future__ import annotations

import re
from importlib.metadata import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOTICES = (ROOT / "THIRD_PARTY_NOTICES.md").read_text("utf-8")
PINNED = re.findall(r"^([a-z0-9_.-]+)==", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)


def _named() -> dict[str, str]:
    """Licences by package, as the page has them."""
    table = NOTICES.partition("Some of them")[0]
    rows = re.findall(r"^\| ([^|`]+) \| (`.+`) \|$", table, re.MULTILINE)
    return {name: licence for licence, names in rows for name in re.findall(r"`([^`]+)`", names)}


def test_every_pinned_package_is_named_and_no_other() -> None:
    assert sorted(_named()) == sorted(PINNED)


def test_each_has_the_licence_that_it_says_it_has() -> None:
    says = {name: metadata(name).json.get("license_expression") for name in PINNED}
    assert sum(map(bool, says.values())) > len(says) / 2, "most say it in SPDX's words"
    named = _named()
    assert {name: named[name] for name, said in says.items() if said} == {n: said for n, said in says.items() if said}


def test_the_project_has_a_licence_of_its_own() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert all(f"]({page})" in (ROOT / "README.md").read_text("utf-8") for page in ("LICENSE", "SECURITY.md"))
