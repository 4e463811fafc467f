"""Who and what the demonstration shows: staff, customers, cases, conversations. Names and numbers are invented.

Conversations use only words that the demonstration model knows (tests/model/lexicon.txt; a test sees to it).
"""

from __future__ import annotations

from dataclasses import dataclass, field

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
