"""What the `office` command says, in English and Chinese: what is wrong, and how to mend it."""

from __future__ import annotations

import os
from typing import Literal

from services.common.home import pasteable

Lang = Literal["zh", "en"]

_TEXTS = {
    # steps
    "starting": ("starting {service} …", "正在启动 {service} …"),
    "checking": ("{service} runs already: waiting for its answer …", "{service} 已在运行，等待应答 …"),
    "restarting": (
        "{service} runs with old settings or old code: restarting it",
        "{service} 的设置或程序已变，重新启动",
    ),
    "ready": ("{service} is ready at {address}", "{service} 已就绪：{address}"),
    "stopping": ("stopping {service} …", "正在停止 {service} …"),
    "jars": (
        "downloading Kafka (45 MB, once; kept in {folder})",
        "正在下载 Kafka（45 MB，仅一次；存于 {folder}）",
    ),
    "cluster": ("making the database in {folder}", "正在建库：{folder}"),
    "port_stepped": (
        "port {before} is in use by another program: {service} takes {port} from now on",
        "端口 {before} 已被其他程序占用，{service} 今后改用 {port}",
    ),
    "postgres_user": (
        "PostgreSQL does not run as root: it runs as the system user {user}",
        "PostgreSQL 不以 root 运行，改用系统用户 {user}",
    ),
    "opened": (
        "{user} may now pass through (not list, not read) {folder}",
        "已允许 {user} 穿过目录 {folder}（不能列出，不能读取）",
    ),
    "waiting_for_other": (
        "another `office up` or `office down` is at work in {home}: waiting for it …",
        "另一个 `office up` 或 `office down` 正在处理 {home}，等待其结束 …",
    ),
    "token_added": (
        "{name} may come in with this token. It is shown once; only its hash is kept:",
        "{name} 可凭此令牌访问。令牌只显示一次，系统只保存其摘要：",
    ),
    "token_rotated": (
        "{name} has this new token, and the old one ended. It is shown once, unless tokens.json holds it:",
        "{name} 已换用新令牌，旧令牌即刻失效。除非 tokens.json 中存有令牌，否则只显示这一次：",
    ),
    "token_revoked": ("{name} gets in no more.", "{name} 即刻起不能再访问。"),
    "app_added": (
        (
            "{name} may publish onto {topic}. It logs in to Kafka with {files}.json (librdkafka) or .properties "
            "(Java), and over HTTP with this token, which is shown once; only its hash is kept:"
        ),
        (
            "{name} 可向主题 {topic} 发布。登录 Kafka 用 {files}.json（librdkafka）或 .properties（Java）；"
            "HTTP 用以下令牌，只显示这一次，仅保存其散列值："
        ),
    ),
    "app_rotated": (
        (
            "{name} has a new password on Kafka, in {files}.json and .properties, and this new token; both old ones "
            "let nobody in any more. Who is connected to Kafka stays so until the connection ends:"
        ),
        (
            "{name} 已换用新的 Kafka 密码（见 {files}.json 与 .properties）和以下新令牌，旧的均不再有效；"
            "已建立的 Kafka 连接在断开前仍然有效："
        ),
    ),
    "app_removed": (
        (
            "{name} publishes no more. What it sent is in the topic {topic} as long as Kafka keeps it; what of that "
            "was not recorded yet is refused."
        ),
        "{name} 即刻起不能再发布。已发送的内容在 Kafka 保留期内仍在主题 {topic} 中，其中尚未记录的会被拒绝。",
    ),
    "no_apps": (
        "There is no app yet: `office app add NAME` adds one.",
        "还没有应用：可用 `office app add 名称` 添加。",
    ),
    "no_app": (
        "There is no app {name}. `office app list` says which there are.",
        "没有应用 {name}。可用 `office app list` 查看。",
    ),
    "app_there": (
        "There is an app or a token {name} already. Name another, or `office app rotate {name}`.",
        "应用或令牌 {name} 已存在。请换一个名称，或使用 `office app rotate {name}`。",
    ),
    "app_name": (
        (
            "{name} can't be an app's name: 1 to 64 of a-z, 0-9 and hyphens, not at the ends, "
            "and no login or role ({taken})."
        ),
        "{name} 不能作应用的名称：1 至 64 个小写字母、数字或连字符（连字符不在首尾），且不是登录名或角色（{taken}）。",
    ),
    "no_such_type": (
        (
            "--types: there is no type of action {pattern}. Write it in full, as chengzhang.work.file-output.v1, or as "
            "chengzhang.work.*; docs/reference/types.md has all types."
        ),
        (
            "--types：没有操作类型 {pattern}。请写全称，如 chengzhang.work.file-output.v1，或写作 chengzhang.work.*；"
            "全部类型见 docs/reference/types.md。"
        ),
    ),
    "kafka_not_running": (
        "Kafka is not running in {home}. Start it with `office up`.",
        "{home} 中的 Kafka 未运行。请用 `office up` 启动。",
    ),
    "token_over": (" (over)", "（已过期）"),
    "no_token_file": (
        "There are no tokens: {file} is missing. `office up` makes it; --home names another stack's folder.",
        "没有令牌：缺少 {file}。`office up` 会生成；用 --home 可指定另一个系统的数据目录。",
    ),
    "up": ("The stack is running. Stop it with `make down`.", "系统已运行。停止请用 `make down`。"),
    "down": ("Stopped: {services}. The data stay in {home}.", "已停止：{services}。数据保留在 {home}。"),
    "state_of": ("{home}: {state}", "{home}：{state}"),
    "not_running": ("Nothing is running in {home}.", "{home} 中没有运行中的服务。"),
    "interrupted": (
        "Interrupted. `office up` goes on from here, `office down` stops what runs.",
        "已中断。`office up` 可继续，`office down` 可停止已启动的服务。",
    ),
    # what can be wrong
    "died": (
        "{service} ended while starting. The end of its log ({log}):\n{tail}",
        "{service} 启动时退出。日志（{log}）末尾：\n{tail}",
    ),
    "not_ready": (
        "{service} is not ready in time. The end of its log ({log}):\n{tail}\nTry again: what runs is kept.",
        "{service} 未能按时就绪。日志（{log}）末尾：\n{tail}\n可重试，已启动的会保留。",
    ),
    "unfit": (
        (
            "{service} would not start with its new settings or code, so the one that runs is left as it is:\n{tail}\n"
            "Mend it, then try again."
        ),
        "{service} 以新的设置或程序无法启动，运行中的进程保持不变：\n{tail}\n请改正后重试。",
    ),
    "no_port": (
        "No free port for {service} from {first} to {last}. Stop a program that holds one, then try again.",
        "{service} 在 {first} 到 {last} 之间没有空闲端口。请停止占用端口的程序后重试。",
    ),
    "no_disk": (
        "Only {free} MB free where {folder} lies; {least} MB are needed. Make room, or choose a place with --home.",
        "{folder} 所在磁盘仅剩 {free} MB，需要 {least} MB。请清理空间，或用 --home 另选位置。",
    ),
    "home_is_file": (
        "{home} cannot be the data folder: a file stands in its place. Name a folder with --home; it is made.",
        "{home} 不能作为数据目录：该处是一个文件。请用 --home 指定目录，不存在时会自动建立。",
    ),
    "home_not_yours": (
        "{home} cannot be the data folder: {reason}. Name a folder that you may write in with --home.",
        "{home} 不能作为数据目录：{reason}。请用 --home 指定可写的目录。",
    ),
    "os_error": (
        "This was not possible: {reason}. Mend it, then try again: what is done is kept.",
        "无法完成：{reason}。排除后可重试，已完成的部分会保留。",
    ),
    "disk_full": (
        "The disk is full ({reason}). Make room, then try again: what is done is kept.",
        "磁盘已满（{reason}）。请清理后重试，已完成的部分会保留。",
    ),
    "jars_unreachable": (
        (
            "Cannot download {coordinate}. Is a Maven registry reachable from here? Behind a mirror, name it in jgo's "
            "configuration file. What the download said:\n{tail}"
        ),
        "无法下载 {coordinate}。请检查能否访问 Maven 仓库；使用镜像时请写入 jgo 的配置文件。下载程序的输出：\n{tail}",
    ),
    "jars_differ": (
        "These files are not the ones pinned in deploy/local/servers/kafka.lock.toml, and were not used: {jars}",
        "以下文件与 deploy/local/servers/kafka.lock.toml 中固定的不符，未予使用：{jars}",
    ),
    "format_failed": ("Kafka's storage could not be prepared:\n{tail}", "无法准备 Kafka 的存储：\n{tail}"),
    "initdb_failed": ("PostgreSQL's cluster could not be made:\n{tail}", "无法初始化 PostgreSQL：\n{tail}"),
    "no_postgres": (
        "PostgreSQL's programs are missing. `make run-environment` installs them.",
        "缺少 PostgreSQL 程序。请运行 `make run-environment` 安装。",
    ),
    "no_user": (
        (
            "PostgreSQL does not run as root, and the system user {name} could not be made. Make it, or run this as "
            "another user than root. {reason}"
        ),
        "PostgreSQL 不以 root 运行，而系统用户 {name} 无法创建。请手动创建，或改用非 root 用户。{reason}",
    ),
    "no_way": (
        (
            "PostgreSQL runs as {user}, who cannot pass through {folder}, and this file system cannot allow it to one "
            "user alone. Choose another place with --home, allow it to everybody (chmod o+x {folder}), or do not "
            "run as root."
        ),
        (
            "PostgreSQL 以 {user} 运行，但它无法穿过 {folder}，且此文件系统不支持单独授权。请用 --home 另选位置，"
            "或对所有人放行（chmod o+x {folder}），或改用非 root 用户。"
        ),
    ),
    "no_kek": (
        (
            "{file} is missing, but there are data in {data}. Without this key nothing sealed can be opened: put it "
            "back from your backup. To begin anew instead, delete the home folder."
        ),
        "缺少 {file}，而 {data} 中已有数据。没有此密钥，密封内容将无法打开：请从备份恢复。从头开始则删除数据目录。",
    ),
    "kafka_protocol": (
        "the bundled Kafka has everybody log in: CHENGZHANG_KAFKA_PROTOCOL is SASL_PLAINTEXT or SASL_SSL, not {asked}.",
        "内置 Kafka 要求登录：CHENGZHANG_KAFKA_PROTOCOL 只能是 SASL_PLAINTEXT 或 SASL_SSL，不能是 {asked}。",
    ),
    "kafka_runs_otherwise": (
        "Kafka runs, and changes to {asked} only when it starts: `office down --home {home}`, then `office up`.",
        "Kafka 正在运行，重新启动时才能改用 {asked}：先执行 `office down --home {home}`，再执行 `office up`。",
    ),
    "no_kafka_password": (
        (
            "{file} is missing, but there are data in {data}: Kafka knows its administrator by this password. Put it "
            "back from your backup. Or stop the stack and delete {data}: the recorder fills the topics again from the "
            "ledger; actions that it had not read are lost."
        ),
        (
            "缺少 {file}，而 {data} 中已有数据：Kafka 凭此密码识别管理员。请从备份恢复。或停止系统并删除 {data}："
            "记录服务会由账本重新发布各主题，尚未读取的操作会丢失。"
        ),
    ),
    "kafka_refused": (
        "Kafka did not do what was asked: {why}. Look into its log, then try again.",
        "Kafka 未能完成请求：{why}。请查看其日志后重试。",
    ),
    "no_state": (
        (
            "{file} is missing, but there are data in {data}: it holds the database's password. Put it back from your "
            "backup. To begin anew instead, delete the home folder."
        ),
        "缺少 {file}（其中有数据库密码），而 {data} 中已有数据。请从备份恢复。若要从头开始，请删除数据目录。",
    ),
    "bad_state": (
        "{file} cannot be read. Put it back from your backup. To begin anew instead, delete the home folder.",
        "{file} 无法读取。请从备份恢复。若要从头开始，请删除数据目录。",
    ),
    "state_repeated": (
        "{file} is missing or broken: this is from stack.env and pgpass.admin. `office up` writes it again.",
        "{file} 缺失或损坏：以上来自 stack.env 和 pgpass.admin。`office up` 会重新写入该文件。",
    ),
    "state_lost": (
        (
            "{file} is missing or broken, so nobody knows where these listen. Put it back from your backup, then "
            "`office up`; `office down` stops what runs."
        ),
        "{file} 缺失或损坏，无从得知各服务的地址。请从备份恢复后运行 `office up`；`office down` 可停止运行中的服务。",
    ),
    "other_at_work": (
        "Another `office up` or `office down` has been at work in {home} for minutes. Wait for it or end it.",
        "另一个 `office up` 或 `office down` 已在 {home} 运行数分钟。请等待或结束它。",
    ),
}


def language(wanted: str | None = None) -> Lang:
    """Return what was wanted, else what the environment asks for, else English."""
    spoken = wanted or os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if spoken.lower().startswith("zh") else "en"


def text(lang: Lang, key: str, **values: object) -> str:
    """Return a message, filled."""
    english, chinese = _TEXTS[key]
    return pasteable((chinese if lang == "zh" else english).format_map({"reason": "", **values}))
