"""`make audit`: whether anything that is pinned is known to be vulnerable, by the Open Source Vulnerabilities database.

Exit codes: 0 nothing is known, 1 something is, 3 the source can't be reached, so that nothing was checked. Another
source with the same interface (https://google.github.io/osv.dev/post-v1-querybatch/) is named by ``OSV_URL``.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import httpx

from deploy.local.servers.jars import LOCK_FILE

SOURCE = "https://api.osv.dev"
_PINS = Path(__file__).parents[3] / "requirements-dev.txt"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
_AT_ONCE = 500
_TEXTS = {
    "none": "{count} pinned packages: nothing is known against them.\n已核对 {count} 个固定版本，未发现已知漏洞。",
    "known": "{name} {version}: {ids}",
    "unreachable": "NOTHING WAS CHECKED: {source} can't be reached ({why}). Run it where it can, or name another "
    "source with OSV_URL.\n未作任何核对：无法连接 {source}（{why}）。请在可以连接处运行，或用 OSV_URL 指定其他来源。",
}


class Pin(NamedTuple):
    """What is installed, by whose names."""

    ecosystem: str
    name: str
    version: str


def pins() -> list[Pin]:
    """The Python packages, and the jars that are named by their coordinates (Kafka's own choices come with these)."""
    found = [Pin("PyPI", *pin) for pin in _PIN.findall(_PINS.read_text(encoding="utf-8"))]
    for wanted in tomllib.loads(LOCK_FILE.read_text(encoding="utf-8")).values():
        found += [Pin("Maven", *each.rsplit(":", 1)) for each in (*wanted["coordinates"], *wanted["newer"])]
    return list(dict.fromkeys(found))


def known(client: httpx.Client, asked: list[Pin]) -> dict[Pin, list[str]]:
    """What is known against each, by the advisories' ids. Raises httpx.HTTPError, ValueError."""
    found: dict[Pin, list[str]] = {}
    for begin in range(0, len(asked), _AT_ONCE):
        part = asked[begin : begin + _AT_ONCE]
        queries = [{"package": {"ecosystem": p.ecosystem, "name": p.name}, "version": p.version} for p in part]
        answer = client.post("/v1/querybatch", json={"queries": queries}).raise_for_status().json()
        for pin, result in zip(part, answer["results"], strict=True):
            if ids := [each["id"] for each in result.get("vulns", [])]:
                found[pin] = ids
    return found


def main() -> int:
    """Ask, and say what came of it."""
    source = os.environ.get("OSV_URL", SOURCE)
    asked = pins()
    try:
        with httpx.Client(base_url=source, timeout=30) as client:
            found = known(client, asked)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError) as error:
        sys.stderr.write(_TEXTS["unreachable"].format(source=source, why=type(error).__name__) + "\n")
        return 3
    for pin, ids in found.items():
        sys.stdout.write(_TEXTS["known"].format(name=pin.name, version=pin.version, ids=" ".join(ids)) + "\n")
    if not found:
        sys.stdout.write(_TEXTS["none"].format(count=len(asked)) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
