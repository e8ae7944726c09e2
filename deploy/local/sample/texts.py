"""What people, sections and things are called in the sample. All of it is invented and means nobody."""

from __future__ import annotations

from typing import Final

from schemas.base import Guide, Line
from schemas.learning.sessions import Carrier, Kind

SURNAMES: Final = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
    "程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
)
FIRST: Final = "晓文志建雅思雨海国立春佳俊明玉家永子安景书若慧德秋振锦云宏静"
SECOND: Final = "华明芳伟敏静丽强磊军洋勇艳杰娟涛超霞平刚琴宁远航清岚菲然琳辰峰莹栋瑶晨毅"

LEADERS: Final = ("zhuren", "主任室")
# Id, name and work lines, in the order in which offices of growing size have them.
SECTIONS: Final[tuple[tuple[str, str, tuple[Line, ...]], ...]] = (
    ("mishu", "秘书科", ("secretarial",)),
    ("xinxi", "信息科", ("information",)),
    ("ducha", "督查科", ("inspection",)),
    ("diaoyan", "调研科", ("policy-research",)),
    ("jiyao", "机要科", ("classified-communications",)),
    ("zonghe", "综合科", ("secretarial", "information")),
    ("xingzheng", "行政科", ("secretarial",)),
    ("fagui", "法规科", ("policy-research", "inspection")),
    ("zhiban", "值班室", ("information",)),
    ("dangan", "档案科", ("secretarial",)),
)
NUMERALS: Final = "一二三四五六七八九十"

PROCEDURES: Final[dict[Line, str]] = {
    "information": "信息报送制度",
    "policy-research": "调查研究制度",
    "inspection": "督查督办制度",
    "classified-communications": "机要工作制度",
    "secretarial": "办文办会制度",
}

FORMS: Final[dict[Kind, str]] = {
    "lecture": "专题讲座",
    "report-meeting": "报告会",
    "exchange": "学习交流会",
    "discussion": "讨论会",
    "speech-contest": "演讲会",
    "quiz": "知识竞赛",
}
SUBJECTS: Final[dict[Carrier, tuple[str, ...]]] = {
    "central-group": (
        "基层治理", "营商环境优化", "依法行政", "数字政府建设", "安全生产责任", "民生实事推进", "乡村全面振兴",
        "生态环境保护", "预算绩效管理", "统筹协调方法", "风险隐患排查", "政务公开", "城市更新", "服务流程优化",
    ),
    "youth-group": (
        "公文写作", "调查研究方法", "数据分析入门", "群众工作方法", "读书分享", "应急处置", "演讲与表达",
        "岗位练兵", "新闻写作", "基层见闻", "时间管理", "表格与图表", "接待礼仪", "法律常识",
    ),
    "branch": (
        "党章", "组织生活制度", "廉洁从政", "保密纪律", "志愿服务", "作风建设", "谈心谈话方法", "为民服务",
        "党费管理", "勤俭办事", "文明机关创建", "支部工作条例",
    ),
    "section": (
        "业务流程", "办文时限", "会务服务", "值班接报", "文稿校核", "台账规范", "工作制度", "业务系统操作",
        "案例复盘", "跨科室协作", "档案整理", "窗口接待",
    ),
}  # fmt: skip

MATTERS: Final = (
    "老旧小区加装电梯", "菜市场改造", "社区养老服务", "企业用工服务", "河道治理", "学校周边交通",
    "窗口服务事项", "垃圾分类", "公共停车泊位", "社区食堂运营", "背街小巷整治", "物业服务", "防汛准备",
    "托育服务", "夜间公交", "园区配套", "热线诉求办理", "农贸市场消防", "残疾人就业", "农村饮水", "积水点整治",
    "便民服务站",
)  # fmt: skip
OUTPUTS: Final[dict[Line, tuple[str, ...]]] = {
    "information": ("{}情况信息专报", "{}进展快报", "{}值班要情"),
    "policy-research": ("关于{}的调研报告", "{}问题与对策", "{}对标分析"),
    "inspection": ("{}督查通报", "{}整改回头看报告", "{}交办事项清单"),
    "secretarial": ("{}专题会议材料", "{}工作方案", "{}会议纪要"),
    "classified-communications": (),
}

TOPICS: Final = (
    "近期工作进展", "岗位分工", "业务能力提升", "学习计划", "家庭与工作的平衡", "工作压力", "身体状况",
    "同事协作", "职业发展", "制度执行", "群众反映", "对科室的建议",
)  # fmt: skip
NOTES: Final = (
    "本人对现有分工没有意见，希望多参加业务培训。已答应协调。",
    "近期加班较多，谈到照顾老人的困难，建议科室内调剂值班。",
    "肯定了上半年的工作，提醒注意办文时限。本人表示接受。",
    "谈到文稿质量，约定每周互相校核一次。",
    "对轮岗有顾虑，说明了安排的考虑，情绪平稳。",
    "提出会务流程可以再精简，已请其写成建议。",
    "了解思想和家庭情况，没有需要帮助的困难。",
    "交流学习心得，鼓励承担青年小组的主讲。",
)
GROUP_NOTES: Final = (
    "听取大家对科室衔接的意见，会后逐条答复。",
    "围绕值班安排座谈，形成两点共识。",
    "交流年度工作打算，提醒保重身体。",
)
OCCASIONS: Final[dict[str, tuple[str, ...]]] = {
    "joy": ("本人结婚", "子女出生", "子女婚礼"),
    "care": ("本人住院", "家人住院", "直系亲属去世", "家庭突发困难"),
    "festival": ("春节走访",),
}
NEEDS: Final = (
    ("子女入学", "孩子秋季入学，缺少居住证明", "联系社区开具证明，已完成报名"),
    ("照顾老人", "老人术后需陪护，夜间值班有困难", "科室内调整两周夜班"),
    ("住房", "周转宿舍水管老化渗水", "行政科当天报修，已更换管件"),
    ("健康", "颈椎不适，希望更换座椅", "配发可调座椅，并开设工间操"),
    ("业务", "刚接手信息报送，需要有人带", "安排科内老同志结对帮带"),
    ("交通", "下乡较多，通勤不便", "协调班车增设停靠点"),
)
GATHERINGS: Final[dict[str, tuple[str, ...]]] = {
    "family": ("迎新春家属联欢", "中秋家属恳谈与联欢"),
    "ball-game": ("羽毛球团体赛", "趣味篮球赛"),
    "culture": ("家风故事分享会", "书画摄影展"),
}
PHRASES: Final = (
    "学以立身，实以立业", "把小事办细，把急事办稳", "今天的事今天有回音", "文稿里有群众", "多走一步，多问一句",
    "相互补台，好戏连台", "干一件成一件", "心中有数，手上有活", "让数据多跑，让群众少跑", "守时守信守规矩",
)  # fmt: skip
GUIDES: Final[dict[Guide, str]] = {
    "people": "把人的成长放在前面",
    "work": "敢接事，把事做完",
    "innovation": "每年改进一件流程",
    "results": "以办成的事说话",
    "harmony": "互相搭手，互相提醒",
    "excellence": "向先进看齐",
}
CONDUCT: Final[dict[Guide, tuple[str, ...]]] = {
    "people": ("带新同事跟完三次会务，逐项讲解", "把备课提纲整理成手册供大家使用"),
    "work": ("连续值守防汛一周，交接清楚", "主动承接跨科室的急件"),
    "innovation": ("改用共享台账，减少重复填报", "把会务清单做成可勾选的表格"),
    "results": ("促成停车泊位共享方案落地", "热线积案当月办结"),
    "harmony": ("替家中有事的同事顶班", "牵头化解两科分工争议"),
    "excellence": ("对照先进单位逐条改进报送质量", "专报质量连续三个月提升"),
}

SPEECHES: Final = (
    "把学到的用到窗口服务上", "一线调研的三点体会", "从一次督查看办文时限", "年轻干部怎样沉下去", "数据里的群众诉求",
    "值班接报的经验教训", "一份文稿的七次修改", "社区蹲点的一周", "办会减负怎么做", "读书与实干",
)  # fmt: skip
OBSERVED: Final = (
    "准备充分，发言联系实际，建议会后跟踪议定事项。",
    "研讨围绕工作难题展开，交流发言可再精炼。",
    "学习计划落实到位，记录完整，请假手续齐全。",
)
DOUBTS: Final = (
    "成果由两人共同完成，请核对参与人",
    "报送日期与台账不一致，请核对",
    "标题与报送稿不同，请核对",
)
