"""A bundle's files, and the zip: the same state gives the same bytes."""

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from services.recorder.audit.offline import standalone
from services.recorder.audit.offline.program import program
from services.recorder.audit.proving.proofs import Inclusion
from services.recorder.trust.checkpoint import signed
from services.recorder.trust.keys import Keys
from services.recorder.trust.signing import Kept

_README: Final = Path(__file__).with_name("README.txt")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
_MODE: Final = 0o100644 << 16
Json = dict[str, Any]


def files(told: Json, checkpoints: Sequence[Kept], proofs: Sequence[Inclusion], keys: Keys) -> dict[str, bytes]:
    """All files; ``told`` is what figures.json says besides its format. The manifest is signed."""
    origins = [f"{told['ledger']}/{kept.shard}" for kept in checkpoints]
    found = {
        "README.txt": _README.read_bytes(),
        "verify.py": program(),
        standalone.KEYS: "".join(f"{key.named(origin)}\n" for key in keys.keys for origin in origins).encode(),
        standalone.FIGURES: _json({"format": standalone.FORMAT, **told}),
    }
    found |= {f"checkpoints/{kept.shard}": kept.note for kept in checkpoints}
    for proof in proofs:
        name = f"events/{orjson.loads(proof.event.body)['id']}"
        found |= {f"{name}.json": proof.event.body, f"{name}.tlog-proof": proof.text()}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}
    manifest = _json({"format": standalone.FORMAT, "files": hashes})
    statement = f"{told['ledger']}/evidence\n{hashlib.sha256(manifest).hexdigest()}\n"
    return found | {standalone.MANIFEST: manifest, standalone.STATEMENT: signed(statement, keys.signing)}


def zipped(content: Mapping[str, bytes]) -> bytes:
    """The zip: names in order, one time for all."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(content):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type, member.create_system, member.external_attr = zipfile.ZIP_DEFLATED, 3, _MODE
            target.writestr(member, content[name])
    return packed.getvalue()


def is_bundle(path: Path) -> bool:
    """Whether a file is a bundle, this person's or another's."""
    try:
        with zipfile.ZipFile(path) as packed:
            return {standalone.MANIFEST, standalone.STATEMENT, standalone.FIGURES} <= set(packed.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def _json(value: Json) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
