"""Who and what the demonstration shows: staff, customers, cases, conversations. Names and numbers are invented.

Conversations use only words that the demonstration model knows (tests/model/lexicon.txt; a test sees to it).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.harness.speech import DIALOGUES, GREETING, Line


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who works here. ``extension`` None: no phone. ``queues`` None: answers every one. ``department``: works for it."""

    login: str
    name: str
    role: str
    extension: str | None = None
    phone_kind: str = "sip"
    queues: tuple[str, ...] | None = None
    department: int | None = None


YOU = Member("you", "您 (You)", "junior_agent", "1001", "browser")
"""The account of whoever watches: the only agent who is not simulated."""
INSPECTOR = Member("inspector", "孙静", "qa_inspector")
AGENTS = (
    Member("zhoumin", "周敏", "junior_agent", "1002"),
    Member("wulei", "吴磊", "junior_agent", "1003"),
    Member("zhengfang", "郑芳", "junior_agent", "1004"),
    Member("fengyan", "冯燕", "junior_agent", "1005"),
)


SENIOR = Member("chenli", "陈丽", "senior_agent")
MANAGER = Member("hejing", "何静", "manager")
STAFF = (
    SENIOR,
    MANAGER,
    Member("tangwen", "唐文", "text_entry_clerk"),
    Member("luyin", "陆音", "recording_extractor"),
    Member("gaoyi", "高意", "surveyor"),
    Member("shizi", "施资", "data_administrator"),
    Member("jitong", "纪统", "statistician"),
    Member("bancheng", "班成", "shift_leader"),
)
"""One of each further role: they log in at a desk without a telephone."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A service department, what the catalogue sends it, and who answers for it."""

    code: str
    zh: str
    en: str
    hours: int
    officer: Member
    business: str | None = None
    nature: str | None = None


BRANCHES = (
    Branch("network", "网络维护部", "Network repair", 24, Member("weiwang", "韦网", "department_officer"), business="data"),
    Branch(
        "lines", "线路装维中心", "Lines and moving", 48, Member("xianlu", "冼路", "department_officer"), nature="fault_repair"
    ),
    Branch("billing", "计费中心", "Billing", 72, Member("jifei", "季飞", "department_officer"), nature="tariff"),
)


@dataclass(frozen=True, slots=True)
class Known:
    """A customer whom the centre knows."""

    number: str
    name: str
    tier: str = "normal"
    note: str = ""


CUSTOMERS = (
    Known("13800138001", "张建国"),
    Known("13800138002", "李秀英", note="听力不好，请说慢一点"),
    Known("13800138003", "王芳"),
    Known("13800138004", "刘洋"),
    Known("13800138005", "陈静"),
    Known("13800138006", "杨帆", note="多次投诉宽带掉线"),
    Known("13800138007", "赵敏"),
    Known("02586420135", "南京第一中学", "important", "校办公室"),
    Known("02586420146", "长江物流有限公司", "big", "客户经理：钱经理"),
    Known("02586420157", "金陵饭店", "big"),
    Known("05126522078", "苏州工业园区管委会", "important"),
    Known("05106680099", "无锡市商业银行", "dedicated_line", "2M 专线两条"),
)

WITHHELD = "anonymous"
STRANGERS = ("13951600001", "13951600002", "13951600003", "02584450012", WITHHELD)
"""Numbers nobody knows, and one withheld."""

HOSTILE_NAMES = ("<img src=x onerror=alert(1)>", "Robert'); DROP TABLE ticket;--", "${SHELL(id)}")
"""Some networks deliver what callers call themselves as it is."""


@dataclass(frozen=True, slots=True)
class Case:
    """A ticket that is there before the first call. ``becomes``: draft, open, closed or discarded."""

    number: str
    fields: dict[str, str]
    becomes: str


def _complaint(number: str, business: str, nature: str, description: str, becomes: str, answer: str = "") -> Case:
    fields = {"kind": "complaint", "business": business, "nature": nature, "description": description, "answer": answer}
    return Case(number, {name: value for name, value in fields.items() if value}, becomes)


def _suggestion(number: str, suggestion: str, description: str, becomes: str) -> Case:
    return Case(number, {"kind": "suggestion", "suggestion": suggestion, "description": description}, becomes)


CASES = (
    _complaint("13800138001", "fixed_telephone", "fault_repair", "家中固定电话没有声音，报修三天无人上门。", "open"),
    _complaint("13800138006", "data", "communication_quality", "宽带每晚八点以后频繁掉线，已是第三次投诉。", "open"),
    _complaint("02586420146", "data", "service_quality", "专线割接未提前通知，影响发货系统两小时。", "open"),
    _complaint(
        "13800138003",
        "wireless_local",
        "tariff",
        "小灵通上月多收彩铃费五元。",
        "closed",
        "已核实为误订，退费五元并致歉，客户接受。",
    ),
    _complaint(
        "02586420157",
        "fixed_telephone",
        "installation",
        "移机约定上午，下午五点才到。",
        "closed",
        "已致歉并减免移机费，客户满意。",
    ),
    _complaint("13800138007", "phone_card", "product_quality", "电话卡密码刮开后看不清，无法充值。", "open"),
    _complaint("05106680099", "data", "fault_repair", "备用专线误码率高。", "draft"),
    _suggestion("13800138004", "service", "建议营业厅周末延长营业时间。", "open"),
    _suggestion("05126522078", "new_business", "希望推出园区企业统一账单。", "closed"),
    _suggestion("13800138002", "management", "建议账单字体大一些。", "draft"),
    Case(
        "13800138005", {"kind": "enquiry", "description": "询问来电显示资费。", "answer": "每月六元，已告知办理方式。"}, "closed"
    ),
    Case("", {"description": "拨错号码。"}, "discarded"),
)


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody does, so many minutes after what was done before. ``to``: what the step needs beside."""

    after: int
    by: str
    does: str
    to: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Past:
    """A complaint that came ``hours`` ago, whose it is, and what was done about it since."""

    hours: float
    owner: str
    number: str
    fields: dict[str, str]
    deeds: tuple[Deed, ...] = ()


JUNIOR, COLLEAGUE = "zhoumin", "wulei"


def _past(hours: float, number: str, classes: str, description: str, *deeds: Deed, owner: str = JUNIOR) -> Past:
    business, nature = classes.split("/")
    fields = {"kind": "complaint", "business": business, "nature": nature, "description": description}
    return Past(hours, owner, number, fields, deeds)


def _sent(to: str = "network", after: int = 10, **more: Any) -> Deed:
    return Deed(after, "", "dispatch", {"department": to, **more})


def _approved(after: int = 20, *marks: str) -> Deed:
    return Deed(after, SENIOR.login, "approve", {"marks": marks})


def _by(branch: int, does: str, after: int, **to: Any) -> Deed:
    return Deed(after, BRANCHES[branch].officer.login, does, to)


HISTORY = (
    _past(0.3, "13800138002", "fixed_telephone/service_quality", "营业厅排队一小时无人叫号。"),
    _past(1.6, "13800138004", "phone_card/product_quality", "充值卡刮开后密码缺一位，要求换卡。"),
    _past(0.8, "13800138005", "data/tariff", "宽带到期后仍被扣一个月费用。", _sent("billing")),
    _past(
        1.2, "13951600001", "data/communication_quality", "机房教室网速只有承诺的一半。",
        _sent(urgent=True), Deed(15, SENIOR.login, "send_back", {"reason": "写明测速结果和时段", "marks": ("wrong_sent",)}),
    ),
    _past(
        5, "13800138001", "data/fault_repair", "宽带中断，光猫红灯常亮。",
        _sent(), _approved(18, "right"), _by(0, "accept", 30),
    ),
    _past(
        30, "13951600002", "fixed_telephone/fault_repair", "总机中继两条不通。",
        _sent("lines", hours=8), _approved(25, "right"),
    ),
    _past(
        9, "13800138006", "data/communication_quality", "晚高峰掉线，第四次投诉。",
        _sent(), _approved(12), _by(0, "refuse", 60, reason="属用户内部路由器问题"), owner=COLLEAGUE,
    ),
    _past(
        26, "13951600003", "data/fault_repair", "备用专线反复中断。",
        _sent(), _approved(20), _by(0, "refuse", 50, reason="线路归装维中心"),
        Deed(30, SENIOR.login, "uphold", {"reason": "专线由网络维护部负责"}), _by(0, "refuse", 90, reason="光缆断点在对方园区"),
    ),
    _past(
        12, "13800138007", "fixed_telephone/installation", "移机后无拨号音。",
        _sent("lines"), _approved(15, "right"), _by(1, "accept", 20),
        _by(1, "return", 240, answer="已更换室内线，客户试机正常。"),
    ),
    _past(
        20, "02584450012", "data/service_quality", "割接通知未送达，要求书面说明。",
        _sent(hours=24), _approved(22, "late"), _by(0, "accept", 40),
        _by(0, "extension", 200, hours=48, reason="等待设备厂商报告"), owner=COLLEAGUE,
    ),
    _past(
        48, "13800138003", "fixed_telephone/tariff", "长途话费与详单不符。",
        _sent("billing"), _approved(30), _by(2, "accept", 60), _by(2, "return", 600, answer="核减误计 12.60 元，已入账。"),
        Deed(45, "", "settle", {"reason": "客户认可"}), owner=COLLEAGUE,
    ),
    _past(
        76, "13800138005", "data/fault_repair", "园区专线丢包，影响视频会议。",
        _sent(), _approved(10, "right"), _by(0, "accept", 20), _by(0, "return", 300, answer="已重启设备。"),
        Deed(60, SENIOR.login, "settle", {"reason": "部门答复"}),
        Deed(1440, SENIOR.login, "second", {"department": "network", "warning": "首次处理未找到原因，特此书面警告。"}),
        _by(0, "accept", 30),
    ),
    _past(
        96, "13800138004", "wireless_local/communication_quality", "家中信号时有时无。",
        _sent(hours=120), _approved(28, "wrong_class"), _by(0, "accept", 600),
    ),
    _past(
        52, "13800138002", "data/tariff", "套餐变更后重复收费。",
        _sent("billing"), _approved(14, "right"), _by(2, "return", 900, answer="已退重复收取的 58 元。"),
        Deed(30, "", "settle", {"reason": "客户认可"}), Deed(5, "", "close", {"answer": "重复收费已退，客户满意。"}),
    ),
)  # fmt: skip
"""Cases of the last days: waiting for every hand there is, some of them late."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is said after the answer, and the key that was pressed for it."""

    key: str
    lines: tuple[Line, ...]
    settles: str = ""
    """What the agent writes as the answer; '' leaves the case open."""


def _talk(key: str, *lines: str, settles: str = "") -> Conversation:
    """Lines of agent and caller in turn, the agent first."""
    turns = (Line("agent" if turn % 2 == 0 else "caller", text) for turn, text in enumerate((GREETING, *lines)))
    return Conversation(key, tuple(turns), settles)


CONVERSATIONS = (
    Conversation("1", DIALOGUES["fault"]),
    Conversation("1", DIALOGUES["tariff"]),
    Conversation("2", DIALOGUES["suggestion"]),
    _talk(
        "1", "我的宽带一直掉线，报修了三次都没有人来修", "请问您的电话号码是多少", "我的电话是八六四二零一三五",
        "好的，我帮您登记一下，我们的维修人员明天上门维修", "请你们尽快处理", "我们会尽快处理", "好的谢谢",
    ),
    _talk(
        "1", "我要投诉营业厅的工作人员态度很差", "对不起，我们尽快帮您处理", "我在营业厅排队两个小时",
        "好的，我帮您登记一下", "请给我一个答复", "我们明天给您答复", "谢谢再见",
    ),
    _talk(
        "1", "我没有开通彩铃为什么扣费", "请稍等，我帮您查询一下", "希望你们尽快退费", "您的彩铃已经取消了",
        "好的谢谢", "不客气再见",
        settles="彩铃已取消，当场退费，客户接受。",
    ),
    _talk(
        "1", "公用电话没有声音，打不通", "请问您的地址在什么路", "地址是南京八号楼", "好的，我帮您登记一下", "谢谢你们",
    ),
    _talk(
        "1", "我的电话卡充值五十元没有到", "请稍等，我帮您查询一下", "请核实一下", "我们会尽快处理", "谢谢再见",
    ),
    _talk("2", "建议你们降低宽带费用", "谢谢您的建议，我们会改进", "好的谢谢"),
    _talk(
        "0", "请问宽带怎么移机", "可以在营业厅办理移机", "请问你们营业厅几点营业", "上午八点", "好的谢谢", "不客气再见",
        settles="已告知移机到营业厅办理及营业时间。",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Temper:
    """How the floor behaves, as shares of calls or seconds: in ten minutes a watcher should see a bit of everything."""

    between_calls: float = 25.0  # s on average from one caller to the next
    at_most_calling: int = 4
    gives_up_in_ivr: float = 0.05
    presses_nonsense: float = 0.06
    presses_nothing: float = 0.05
    impatient: float = 0.08  # hangs up in the queue after a few seconds if nobody answers
    hostile_name: float = 0.04
    misses_ring: float = 0.05
    takes_break: float = 0.06
    discards: float = 0.05
    leaves_draft: float = 0.10
    answers_after: tuple[float, float] = field(default=(1.5, 4.0))
    thinks_for: tuple[float, float] = field(default=(3.0, 9.0))
