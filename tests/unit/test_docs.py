"""What the documents name exists: links, anchors, commands, types, codes, settings; and twins are twins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path

import pytest
from rich.cells import cell_len

from deploy.local import kafka_tool
from deploy.local.cli import app as office
from schemas.catalogue import ACTIONS
from services.common.commands import Lang
from services.common.settings import Settings
from services.projector import read_models
from services.projector.cli import cli as projector
from services.recorder.cli import cli as recorder
from services.recorder.domain.deciding.core import RETRYABLE
from services.recorder.ledger import reasons

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
GUIDES = ["docs/how-to/publish-from-an-app.md", "docs/how-to/publish-from-an-app.zh-CN.md"]
WAYS = ["docs/architecture.md", "docs/architecture.zh-CN.md"]
HOW_TO = sorted(f"docs/how-to/{path.name}" for path in (ROOT / "docs/how-to").glob("*.md"))
TWINS = [
    (page, page.removesuffix(".md") + ".zh-CN.md")
    for page in ("README.md", WAYS[0], *(page for page in HOW_TO if not page.endswith(".zh-CN.md")))
]
COMMANDS = {"office": office, "recorder": recorder, "projector": projector}
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_SHELL = ("sh", "bash", "shell", "console")
_SAID = ("text", "json")  # what is answered or drawn; all else is run, or put into a file
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")

each_twin = pytest.mark.parametrize(("english", "chinese"), TWINS, ids=[english for english, _ in TWINS])
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


READING = ["docs/how-to/read-and-report.md", "docs/how-to/read-and-report.zh-CN.md"]


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _prose(path: Path) -> str:
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


def _anchors(path: Path) -> set[str]:
    """The anchors that a forge makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", _prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_document
def test_links_lead_somewhere(document: Path) -> None:
    for link in _LINK.findall(_prose(document)):
        if link.startswith(("http://", "https://")):
            continue
        file, _, anchor = link.partition("#")
        target = document.parent / file if file else document
        assert target.exists(), f"{link}: there is no such file"
        assert not anchor or anchor in _anchors(target), f"{link}: there is no such heading"


@each_document
def test_commands_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", _text("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE)) <= targets
    for program, command in re.findall(r"(?:\.venv/bin/|`)(office|recorder|projector) ([a-z][a-z-]*)\b", text):
        groups = {group.name for group in COMMANDS[program].registered_groups}
        assert command in groups | {
            c.name or c.callback.__name__ for c in COMMANDS[program].registered_commands if c.callback
        }
    for module in re.findall(r"python -m ((?:deploy|schemas|services|tests)[\w.]*)", text):
        assert find_spec(module) is not None, module
    tools = re.findall(r"(?:kafka_tool|^kafka|\| ?kafka) ([a-z]+(?:-[a-z]+)*)\b", text, re.MULTILINE)
    assert set(tools) <= {*kafka_tool._CLASSES}


@each_document
def test_settings_exist(document: Path) -> None:
    known = {f"CHENGZHANG_{name.upper()}" for name in Settings.model_fields} | {"CHENGZHANG_FAULT"}
    assert set(re.findall(r"CHENGZHANG_[A-Z_]*[A-Z]", document.read_text(encoding="utf-8"))) <= known


def test_every_how_to_has_a_twin() -> None:
    """Neither language has a page that the other lacks."""
    twins = {page for both in TWINS for page in both if "/how-to/" in page}
    assert sorted(twins.symmetric_difference(HOW_TO)) == []


@each_twin
def test_twins_have_the_same_headings_and_links(english: str, chinese: str) -> None:
    assert _levels(english) == _levels(chinese)
    assert Path(chinese).name in _text(english)
    assert Path(english).name in _text(chinese)


def _levels(name: str) -> list[int]:
    return [len(marks) for marks in re.findall(r"^(#+) ", _prose(ROOT / name), re.MULTILINE)]


def test_the_ways_are_drawn_with_files_that_exist() -> None:
    """Below either service, in both languages the same, and no line is wider than a terminal."""
    named = [re.findall(r"[\w/]+\.(?:py|sql)\b", _text(page)) for page in WAYS]
    assert named[0] == named[1]
    services = [ROOT / "services" / name for name in ("recorder", "projector")]
    assert len(named[0]) > 15
    assert [file for file in named[0] if not any((folder / file).is_file() for folder in services)] == []
    drawn = "".join(body for page in WAYS for _, body in _FENCE.findall(_text(page)))
    assert max(map(cell_len, drawn.splitlines())) <= 100


@each_twin
def test_twins_have_the_same_blocks(english: str, chinese: str) -> None:
    """As many of each kind, in the same order: no example or answer is left out."""
    kinds = [[language for language, _ in _FENCE.findall(_text(page))] for page in (english, chinese)]
    differs = _first_difference(*kinds)
    assert differs is None, f"{chinese}: block {differs}"


@each_twin
def test_twins_have_the_same_commands(english: str, chinese: str) -> None:
    """And the same programs. Comments at the ends of command lines may be translated."""
    differs = _first_difference(_run(english), _run(chinese))
    assert differs is None, f"{chinese}: of what is run, line {differs}"


def _run(name: str) -> list[str]:
    """The lines of all that is run, block after block."""
    return [
        re.sub(r"\s+# .*$", "", line) if language in _SHELL else line
        for language, body in _FENCE.findall(_text(name))
        if language not in _SAID
        for line in body.splitlines()
    ]


def _first_difference(english: Sequence[str], chinese: Sequence[str]) -> str | None:
    for number, (here, there) in enumerate(zip_longest(english, chinese), start=1):
        if here != there:
            return f"{number} is {there!r}, where the English page has {here!r}"
    return None


@pytest.mark.parametrize("page", ["docs/reference/types.md", "docs/reference/types.zh-CN.md"])
def test_every_action_is_listed(page: str) -> None:
    assert re.findall(r"^`(chengzhang\.[\w.-]+\.v1)` ·", _text(page), re.MULTILINE) == list(ACTIONS)


@pytest.mark.parametrize(("guide", "no"), [(GUIDES[0], "no"), (GUIDES[1], "否")])
def test_codes_are_said_to_be_final_as_they_are(guide: str, no: str) -> None:
    rows = re.findall(r"^\| (`[a-z-]+`(?:[,、] ?`[a-z-]+`)*) \| (yes|no|是|否) \|", _text(guide), re.MULTILINE)
    told = {code: final for codes, final in rows for code in re.findall(r"`([a-z-]+)`", codes)}
    assert {code for code, final in told.items() if final == no} == RETRYABLE
    in_code = re.findall(r'Rejection\(\s*"([a-z-]+)"', "".join(map(_source, _sources())))
    assert set(in_code) <= set(told)


def _sources() -> list[Path]:
    return sorted((ROOT / "services" / "recorder").rglob("*.py"))


def _source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_the_page_on_types_shows_what_the_code_has() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/how-to/add-a-type.md").read_text("utf-8"), re.DOTALL)
    code = "".join(
        (ROOT / path).read_text("utf-8") for path in ("schemas/life/work.py", "services/recorder/domain/work.py")
    )
    assert len(blocks) == 2
    assert all(block in code for block in blocks)


@pytest.mark.parametrize("page", READING)
def test_every_read_model_can_be_found(page: str) -> None:
    told = _text(page)
    for model in read_models.load():
        assert f"`GET /offices/{{office}}/{model.settings['resource']}`" in told
        assert f"| `office.{model.name}` |" in told


def test_messages_name_pages_that_there_are_in_their_language() -> None:
    for source in sorted(path for top in ("services", "deploy", "schemas") for path in (ROOT / top).rglob("*.py")):
        for line in source.read_text(encoding="utf-8").splitlines():
            for page in re.findall(r"docs/how-to/[\w-]+(?:\.zh-CN)?\.md", line):
                assert (ROOT / page).exists(), f"{source}: {page}"
                chinese = re.search(r"[\u4e00-\u9fff]", line) is not None
                assert page.endswith(".zh-CN.md") == chinese, f"{source}: {line.strip()}"


@pytest.mark.parametrize("page", ["docs/how-to/operate.md", "docs/how-to/operate.zh-CN.md"])
def test_every_reason_for_a_read_only_shard_is_on_the_page(page: str) -> None:
    """Each row of its table quotes what the reason says, with … for what is left out."""
    table = re.split(r"\| (?:the reason says|原因中写有) \|", _text(page))[1].split("\n\n")[0]
    rows = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    quoted = [words.split("…") for row in rows for words in re.findall(r"`([^`]+)`", row)]
    told = reasons._WORDS[Lang.EN]
    assert [word for word, said in told.items() if not any(_within(parts, said) for parts in quoted)] == []


def _within(parts: Sequence[str], said: str) -> bool:
    return re.search(".*".join(re.escape(part.strip(" ,")) for part in parts), said) is not None


# --- secrets ---

# What a process list or a shell's history would show: a secret itself, or what the shell puts in its place.
_SHOWN = re.compile(
    r"""Bearer\ ["']?\$ | Bearer\ [A-Za-z0-9_-]{20,} | --password[= ] | --token[= ] | PGPASSWORD=
    | :[^/@\s:$]+@(?:127|localhost)
    | ^\s*(?:export\ )?\w*(?:PASSWORD|SECRET|TOKEN|KEY|READER|PUBLISHER)=(?!["']?\.?/?[\w./-]+\.(?:token|pem|key)\b)\S
    | sasl\.(?:jaas\.config|password)=""",
    re.MULTILINE | re.VERBOSE,
)


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_documented_command_shows_a_secret(page: Path) -> None:
    """Files, `curl -H @file` and passfile= carry them."""
    for language, block in _FENCE.findall(page.read_text(encoding="utf-8")):
        if language in _SHELL:
            assert not _SHOWN.findall(block), block


@pytest.mark.parametrize(
    "line",
    [
        'curl -H "Authorization: Bearer $READER" x', "READER=$(cat x)", "PGPASSWORD=x psql", "psql --password=x",
        "psql postgresql://me:secret@127.0.0.1/x", "export API_TOKEN=abc", "x --token abc",
    ],
)  # fmt: skip
def test_such_a_command_would_be_found(line: str) -> None:
    assert _SHOWN.search(line)
