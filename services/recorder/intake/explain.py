"""What is wrong with a field, where, and how to mend it, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field's error: an RFC 6901 pointer, and sentences in English and Chinese. Never repeats the value: it may be sealed."""

    pointer: str
    en: str
    zh: str
    fix_en: str
    fix_zh: str

    @classmethod
    def nul(cls, pointer: str) -> FieldError:
        """A NUL character in a text."""
        return cls(pointer, "contains a NUL character", "含有 NUL 字符", "remove it", "请去掉该字符")


def explain(error: ValidationError, base: str, *, missing: bool = False) -> tuple[FieldError, ...]:
    """A validation's errors, their pointers below ``base``; ``missing`` says that the whole value was not there."""
    if missing:
        return (FieldError(base, "is missing", "缺少该字段", "add it", "请补上"),)
    return tuple(
        FieldError(base + "".join(f"/{part}" for part in e["loc"]), e["msg"], e["msg"], "see the schema", "见模式")
        for e in error.errors(include_url=False, include_input=False)
    )


def says(errors: tuple[FieldError, ...]) -> tuple[str, str]:
    """All errors as one sentence in English and one in Chinese."""
    return (
        "; ".join(f"{e.pointer}: {e.en} ({e.fix_en})" for e in errors[:5]),
        "；".join(f"{e.pointer}：{e.zh}（{e.fix_zh}）" for e in errors[:5]),
    )
