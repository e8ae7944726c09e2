"""Make .venv/ and install the pinned packages into it: `python3 deploy/local/bootstrap.py [--dev]`.

Standard library only, and only syntax that an old Python 3 can read: it must run there, to say that it is too old.
Packages come with their hashes, so what is installed here is what was tested. What is already done is not done again,
and what was cut off is begun anew.
"""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TextIO

OLDEST = (3, 11)
NEWER = ["python3.14", "python3.13", "python3.12", "python3.11"]
LEAST_DISK_MB = 1500
ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / ".installing"
LOG = VENV / "install.log"

TEXTS = {
    "old": (
        (
            "Python 3.11 or newer is needed; this is {have} ({path}), and no newer one is on the PATH.\n"
            "Install one, then: make up PYTHON=/path/to/python3.12"
        ),
        (
            "需要 Python 3.11 或更新版本；当前是 {have}（{path}），PATH 中也没有更新的。\n"
            "请安装后运行：make up PYTHON=/path/to/python3.12"
        ),
    ),
    "other": ("Using {path}.", "改用 {path}。"),
    "no_venv": (
        "This Python ({path}) lacks venv and ensurepip. On Debian and Ubuntu: apt install python{version}-venv",
        "此 Python（{path}）缺少 venv 或 ensurepip 模块。Debian/Ubuntu 上请运行：apt install python{version}-venv",
    ),
    "no_disk": (
        "Only {free} MB free in {folder}; {least} MB are needed. Make room and try again.",
        "{folder} 仅剩 {free} MB，需要 {least} MB。请清理空间后重试。",
    ),
    "making": ("· making .venv/ with Python {have}", "· 正在建立 .venv/（Python {have}）"),
    "broken": ("· an earlier installation was cut off: beginning anew", "· 上次安装中断，重新开始"),
    "waiting": (
        "· another installation is at work in this folder: waiting for it …",
        "· 此目录中正有另一个安装在进行，等待其结束 …",
    ),
    "installing": (
        "· installing {count} packages into .venv/ (a minute or two the first time)",
        "· 正在向 .venv/ 安装 {count} 个软件包（首次需一两分钟）",
    ),
    "done": ("✓ .venv/ is ready", "✓ .venv/ 已就绪"),
    "registry": (
        (
            "The package registry cannot be reached, or lacks a package. Check the network; a mirror is set with "
            "`pip config set global.index-url …`, then try again."
        ),
        "无法访问软件包仓库，或其中缺少所需软件包。请检查网络；使用镜像时请先运行 pip config set global.index-url …。",
    ),
    "hashes": (
        (
            "A downloaded package is not the one pinned in requirements.txt, and was not installed. A mirror, if you "
            "use one, may be at fault."
        ),
        "下载的软件包与 requirements.txt 中固定的不符，未予安装。若使用镜像，可能是镜像的问题。",
    ),
    "failed": ("The installation failed.", "安装失败。"),
    "log": ("The end of {log}:", "{log} 的末尾："),
    "interrupted": ("Interrupted; the next run begins anew.", "已中断，下次运行将重新开始。"),
}
CAUSES = [
    ("no_disk", r"No space left|Errno 28|Disk quota"),
    ("hashes", r"DO NOT MATCH THE HASHES"),
    (
        "registry",
        (
            r"Max retries|Connection|Temporary failure in name|No matching distribution|Could not find a version"
            r"|timed out|SSLError|ProxyError|HTTP error|Failed to establish"
        ),
    ),
]


class Failed(Exception):
    """Something the operator can mend; carries the text."""


def main() -> int:
    """Do what is missing; 0 when .venv/ is ready."""
    wanted = "requirements-dev.txt" if "--dev" in sys.argv[1:] else "requirements.txt"
    try:
        use_newer_python()
        wait_for_others()
        if not ready(wanted):
            check_machine()
            make_venv()
            install(wanted)
            say("done")
    except Failed as failure:
        write(sys.stderr, str(failure))
        return 1
    except KeyboardInterrupt:
        write(sys.stderr, "\n" + text("interrupted"))
        return 1
    return 0


def use_newer_python() -> None:
    """Go on in a newer Python if this one is too old and there is one."""
    if sys.version_info[:2] >= OLDEST:
        return
    for name in NEWER:
        path = shutil.which(name)
        if path and runs(path):
            say("other", path=path)
            os.execv(path, [path, str(Path(__file__).resolve()), *sys.argv[1:]])  # noqa: S606 - no shell, on purpose
    raise Failed(text("old", have=version(), path=sys.executable))


def runs(path: str) -> bool:
    """Tell whether this is a Python, and not a version manager's stand-in for one that is not installed."""
    return subprocess.call([path, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def wait_for_others() -> None:
    """Let one installation at a time into this folder. The system frees the lock when this process ends."""
    folder = os.open(str(ROOT), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        say("waiting")
        fcntl.flock(folder, fcntl.LOCK_EX)


def ready(wanted: str) -> bool:
    """Tell whether exactly this was installed before, and nothing was cut off since."""
    try:
        noted = stamp(wanted).read_text(encoding="ascii")
    except OSError:
        return False
    return noted == digest(wanted) and os.access(str(PYTHON), os.X_OK) and not UNFINISHED.exists()


def check_machine() -> None:
    """Say what is missing before anything is begun."""
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        major, minor = sys.version_info[:2]
        raise Failed(text("no_venv", path=sys.executable, version=f"{major}.{minor}"))
    free = free_mb()
    if free < LEAST_DISK_MB and not PYTHON.exists():
        raise Failed(text("no_disk", free=free, folder=ROOT, least=LEAST_DISK_MB))


def make_venv() -> None:
    """Make the environment, unless there is a sound one."""
    if UNFINISHED.exists():
        say("broken")
    elif works():
        return
    say("making", have=version())
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if ended.returncode:
        raise Failed(text("failed") + "\n" + ended.stdout.decode(errors="replace"))


def works() -> bool:
    """Tell whether the environment's Python runs, is new enough and has pip."""
    check = f"import sys, pip; sys.exit(sys.version_info[:2] < {OLDEST!r})"
    try:
        return subprocess.call([str(PYTHON), "-c", check], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def install(wanted: str) -> None:
    """Install the pinned packages, then this project itself, in place."""
    pins = (ROOT / wanted).read_text(encoding="utf-8")
    say("installing", count=len(re.findall(r"^\S+==", pins, re.MULTILINE)))
    UNFINISHED.touch()  # left behind by a kill: a package half copied would otherwise pass for an installed one
    pip("--require-hashes", "-r", wanted)
    pip("--no-deps", "--no-build-isolation", "-e", ".")
    stamp(wanted).write_text(digest(wanted), encoding="ascii")
    UNFINISHED.unlink()


def pip(*arguments: str) -> None:
    """Run pip install; say in words why it failed."""
    command = [
        str(PYTHON),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
    ]
    with LOG.open("wb") as log:
        ended = subprocess.call([*command, *arguments], cwd=str(ROOT), stdout=log, stderr=subprocess.STDOUT)
    if ended > 0:
        UNFINISHED.unlink()  # pip gave up by itself, and cleaned up after itself
    if ended:
        raise Failed(diagnosis())


def diagnosis() -> str:
    """Read the cause from what pip said."""
    said = LOG.read_text(encoding="utf-8", errors="replace")
    cause = next((key for key, pattern in CAUSES if re.search(pattern, said)), "failed")
    reason = text(cause, free=free_mb(), folder=ROOT, least=LEAST_DISK_MB)
    return "\n".join([reason, text("log", log=LOG), *said.splitlines()[-15:]])


def digest(wanted: str) -> str:
    """Change when there is something to install again."""
    found = hashlib.sha256(repr(sys.version_info[:2]).encode("ascii"))
    for name in (wanted, "pyproject.toml"):
        found.update((ROOT / name).read_bytes())
    return found.hexdigest()


def stamp(wanted: str) -> Path:
    """Name the note of a finished installation."""
    return VENV / f".installed-{wanted}"


def free_mb() -> int:
    """Return the free space where the environment lies."""
    return shutil.disk_usage(str(ROOT)).free // 1024 // 1024


def version() -> str:
    """Name this Python's version."""
    return "{}.{}.{}".format(*sys.version_info[:3])


def say(key: str, **values: object) -> None:
    """Show one step."""
    write(sys.stdout, text(key, **values))


def write(stream: TextIO, line: str) -> None:
    """Write UTF-8, whatever an old Python makes of the locale."""
    stream.buffer.write((line + "\n").encode())
    stream.buffer.flush()


def text(key: str, **values: object) -> str:
    """Return a message in the operator's language."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return TEXTS[key][1 if spoken.lower().startswith("zh") else 0].format(**values)


if __name__ == "__main__":
    sys.exit(main())
