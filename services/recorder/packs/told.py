"""What would differ, in words."""

from collections import Counter
from typing import Any, Final

from schemas import vocabulary
from schemas.catalogue import EVENTS
from schemas.declared import words_of
from services.common.commands import Lang, Words
from services.recorder.packs.commands import CERTAINTIES
from services.recorder.packs.figures import SURE, Deciding
from services.recorder.packs.supposing import Difference

WORDS: Final[Words] = {
    Lang.EN: {
        "office": "office", "person": "person", "type": "what", "was": "was", "would": "would be", "why": "why",
        "appraised": "appraised", "used": "taken", "refused": "refused: {code}", "accepted": "accepted",
        "not-sure": "{figure} {was} → {would} (!{certainty})",
        "is-sure": "{figure} {was} → {would}", "seats": "seats", "none": "nothing", "event": "event",
        "nothing": "Under {pack} nothing of {year} would differ.",
        "count": "Under {pack}, {count} facts of {year} would differ. !: the figure isn't sure. Nothing was changed.",
        "sealed": "What measures bar and visits may cost is told by sealed fields: that isn't looked at.",
        "unknown": "there is no pack {pack}; there are: {there}. A pack's file can be named, too",
        "written": "Wrote {file}.", "title": "deciding again",
    },
    Lang.ZH: {
        "office": "机关", "person": "人员", "type": "事项", "was": "原为", "would": "将为", "why": "依据",
        "appraised": "参加考核", "used": "占用", "refused": "不予登记：{code}", "accepted": "已登记",
        "not-sure": "{figure} {was} → {would}（！{certainty}）",
        "is-sure": "{figure} {was} → {would}", "seats": "名额", "none": "无", "event": "事件",
        "nothing": "按 {pack}，{year} 年没有任何不同。",
        "count": "按 {pack}，{year} 年有 {count} 项将不同。！：该项规定尚未核实。未作任何更改。",
        "sealed": "处分影响和慰问标准取决于密封字段，此处不作比较。",
        "unknown": "没有规则包 {pack}；现有：{there}。也可指定规则包文件", "written": "已写入 {file}。",
        "title": "重新判定",
    },
}  # fmt: skip


def sure(figure: Deciding) -> bool:
    """Whether its regulation was read."""
    return figure.certainty == SURE


class Told:
    """Differences in the words of a language."""

    def __init__(self, lang: Lang) -> None:
        """``lang``: theirs."""
        self._lang, self._words = lang, WORDS[lang]

    def row(self, each: Difference) -> list[str]:
        """One of them."""
        kind = vocabulary.types().get(each.type)
        what = f"{self._words['seats']} {each.type}" if kind is None else str(getattr(kind, self._lang.value))
        if each.code is not None:
            was, would = self._words["accepted"], self._words["refused"].format(code=each.code)
        else:
            was, would = (self._members(each, side) for side in ("was", "would"))
        why = "; ".join(map(self._figure, each.figures))
        return [each.office, each.person or "", what, was, would, why, each.event or ""]

    def together(self, rows: list[list[str]]) -> list[list[str]]:
        """What differs alike for a person in one row, with how often."""
        counted = Counter(tuple(row[:-1]) for row in rows)
        return [[office, who, what if times == 1 else f"{what} ×{times}", *others]
                for (office, who, what, *others), times in sorted(counted.items())]  # fmt: skip

    def _members(self, each: Difference, side: str) -> str:
        differing = {name: value[side] for name, value in each.members.items() if value["was"] != value["would"]}
        return ", ".join(f"{self._called(each.type, name)} {self._said(value)}" for name, value in differing.items())

    def _called(self, type_: str, name: str) -> str:
        if type_ not in EVENTS:
            return self._words[name]
        return str(getattr(words_of(EVENTS[type_], name), self._lang.value))

    def _figure(self, figure: Deciding) -> str:
        """Its way in words that may break."""
        told = {"figure": figure.figure.replace(".", " ").replace("_", " "), "was": self._said(figure.was)}
        told |= {"would": self._said(figure.would), "certainty": CERTAINTIES[self._lang][figure.certainty]}
        return self._words["is-sure" if sure(figure) else "not-sure"].format(**told)

    def _said(self, value: Any) -> str:  # noqa: ANN401  # a member or a figure
        if value is None or value == []:
            return self._words["none"]
        if isinstance(value, dict):
            return ", ".join(f"{name} {each}" for name, each in value.items())
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
