"""What can be wrong with the token file, and how to mend it."""

from typing import Final

from services.common.commands import Lang, Words
from services.common.telling.both import Both, both

_WORDS: Final[Words] = {
    Lang.EN: {
        "unread": "{path}: can't be read ({reason}). CHENGZHANG_TOKENS names the file.",
        "others": "{path}: others than its owner may read it or write it (mode {mode}). Run chmod 600 on it, and "
        "`office token rotate` for every token in it: somebody may know them.",
        "not-json": "{path}: not JSON at line {line}, column {column}.",
        "no-object": '{path}: not a JSON object of grants, such as {{"publisher": "<token>"}}.',
        "twice": "{path}: {name} is there twice, and says two things. Leave one of them.",
        "same": "{path}: {name} and {first} have the same token; give each its own (`office token rotate {name}`).",
        "name": "{path}: {name} is no name for a token: letters and digits, behind the first also . _ @ : / + -, at "
        "most 64. It stands in every event that the token sends: name an app or a role, never a person.",
        "no-role": "{path}: {name} is no role ({roles}), so it needs an object with role and token or sha256.",
        "entry": "{path}: {where}: {what}.",
        "weak": "{path}: the token of {name} can be guessed: it has less than 128 bits of chance. "
        "`office token rotate {name}` gives it another.",
        "there": "{path}: {name} is there already. Name another, or give it a new token with `office token rotate "
        "{name}`.",
        "absent": "{path}: there is no {name}. `office token list` says what there is.",
        "last": "{path}: {name} is the only token; without one nobody gets in. Add another first.",
    },
    Lang.ZH: {
        "unread": "{path}：无法读取（{reason}）。该文件由 CHENGZHANG_TOKENS 指定。",
        "others": "{path}：所有者以外的人可以读取或写入（权限 {mode}）。请执行 chmod 600，并用 `office token rotate` "
        "更换其中的每个令牌：可能已为他人所知。",
        "not-json": "{path}：第 {line} 行第 {column} 列起不是 JSON。",
        "no-object": '{path}：不是由授权组成的 JSON 对象，例如 {{"publisher": "<令牌>"}}。',
        "twice": "{path}：{name} 出现两次，含义不一。请只保留其一。",
        "same": "{path}：{name} 与 {first} 的令牌相同；请各用各的（`office token rotate {name}`）。",
        "name": "{path}：{name} 不能作令牌的名称：只能是字母和数字，首字符之后还可以用 . _ @ : / + -，最多 64 个。"
        "名称会写入该令牌发送的每个事件：请用应用或角色的名称，不得用人名。",
        "no-role": "{path}：{name} 不是角色（{roles}），须为含 role 及 token 或 sha256 的对象。",
        "entry": "{path}：{where}：{what}。",
        "weak": "{path}：{name} 的令牌可被猜出：随机成分不足 128 位。请用 `office token rotate {name}` 更换。",
        "there": "{path}：{name} 已存在。请换一个名称，或用 `office token rotate {name}` 更换其令牌。",
        "absent": "{path}：没有 {name}。可用 `office token list` 查看。",
        "last": "{path}：{name} 是唯一的令牌；没有令牌则无人能够访问。请先添加另一个。",
    },
}


def said(word: str, /, **values: object) -> Both:
    """What is wrong, in both languages."""
    return both(_WORDS, word, **values)
