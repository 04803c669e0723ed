"""What the engine says in English, in Chinese: its sentences are few, and each has its pattern."""

import re

from controller import field_words, study_words
from controller.knowing.event_words import CAUSES, SIGNALS
from controller.knowing.leak_words import WHY_NOT
from controller.modes import Mode
from controller.report.wording import LIMITS
from drivers.base import Quality
from optimizer.estimate.bad_data import Fault
from optimizer.model.outcome import LimitKind

MODES_ZH = {
    Mode.INIT: "启动",
    Mode.MONITOR: "监视",
    Mode.ADVISORY: "建议",
    Mode.AUTO: "自动",
    Mode.HOLD: "保持",
    Mode.FALLBACK: "退回曲线",
    Mode.MANUAL: "手动",
}
_FAULTS_ZH = {
    Fault.MISSING: "缺失",
    Fault.STUCK: "卡死",
    Fault.SPIKE: "跳变",
    Fault.DRIFT: "漂移",
    Fault.SCALED: "比例错误",
    Fault.SWAPPED: "接反",
    Fault.OFF: "偏离",
}
_ROLES_ZH = {"viewer": "查看员", "operator": "操作员", "engineer": "工程师", "admin": "管理员"}

# English sentence -> Chinese; the groups stand in the braces in order.
_SENTENCES: tuple[tuple[str, str], ...] = (
    (r"started", "已启动"),
    (r"good cycles", "连续周期正常"),
    (r"cold snap", "寒潮"),
    (r"the cold snap is over", "寒潮已结束"),
    (r"a point is on local", "有点位处于就地控制"),
    (r"the clock was set", "时钟被调整"),
    (r"the armed window ended", "自动窗口已结束"),
    (r"disarmed by (.+)", "{0} 解除自动"),
    (r"held by (.+)", "{0} 置为保持"),
    (r"resumed by (.+)", "{0} 恢复运行"),
    (r"reloaded by (.+)", "{0} 重新载入站点"),
    (r"on hold for too long: (.+)", "保持时间过长：{0}"),
    (r"(\S+) was changed by somebody else", "{0} 被他人更改"),
    (r"(.+) can not be read", "{0} 无法读取"),
    (r"mode (\w+)", "模式：{0}"),
    (r"armed until (.+); mode (\w+)", "已授权自动至 {0}；模式：{1}"),
    (r"rejected", "已拒绝"),
    (r"acknowledged", "已确认"),
    (r"shelved", "已搁置"),
    (r"(\S+): (\d+) points? will be written", "{0}：将写入 {1} 个点位"),
    (
        r"(\S+): (\d+) points? will be written; by hand: (.+)",
        "{0}：将写入 {1} 个点位；须手动设置：{2}",
    ),
    (r"confirmed", "已确认"),
    (r"confirmed; still to be set: (.+)", "已确认；仍须手动设置：{0}"),
    (r"(\S+) is not to be set by hand; to be set: (.+)", "{0} 无须手动设置；须设置：{1}"),
    (r"(\S+) is to be (\S+), within (\S+), not (\S+)", "{0} 应为 {1}（允差 {2}），不是 {3}"),
    (r"(\S+) is not the set that is followed", "{0} 不是正在执行的一组"),
    (r"there is no setpoint (.+)", "没有设定值 {0}"),
    (r"nothing is to be changed", "没有任何改动"),
    (r"(\S+) (\S+) is not between (\S+) and (\S+)", "{0} {1} 不在 {2} 至 {3} 之间"),
    (r"another change is being certified; ask again in a minute", "另一处改动正在认证，请稍后再试"),
    (
        r"only a set as it was planned can be changed; wait for the next cycle",
        "只能修改计划给出的一组；请等待下一周期",
    ),
    (r"the plan is not certified: (.+)", "计划未通过认证：{0}"),
    (
        r"(\w+) at (\S+): (\S+) (\S+), allowed (\S+), (\S+ \S+) UTC",
        "{1} 的{0}为 {2} {3}，允许 {4}（UTC {5}）",
    ),
    (r"written up to (\S+) and no further, it would pass a limit", "若只写到 {0} 为止，将超过限值"),
    (r"no effect: (.+)", "没有效果：{0}"),
    (r"(\S+), limit (\S+)", "{0}，限值 {1}"),
    (r"holds (\S+), written (\S+)", "现为 {0}，写入值为 {1}"),
    (r"fell by (\S+) bar within a minute", "一分钟内下降 {0} bar"),
    (r"the clock was set by (\S+) s", "时钟被调整 {0} 秒"),
    (r"the one before is still running", "上一周期仍在运行"),
    (r"the machine was away", "机器曾停顿"),
    (r"to be (\S+)", "应为 {0}"),
    (r"(\S+) m3/h since (\S+) (\S+)", "自 {1} {2} 起 {0} m3/h"),
    (r"likeliest in (.+) and (\d+) more", "最可能在 {0}，另有 {1} 段"),
    (r"likeliest in (.+)", "最可能在 {0}"),
    *((re.escape(text.en), text.zh) for text in WHY_NOT.values()),
    (r"(.+) since (\S+), (.+) (\S+ [%K])", "{0}，自 {1} 起，{2} {3}"),
    *((re.escape(text.en), text.zh) for text in (*CAUSES.values(), *SIGNALS.values())),
    (r"superseded by (.+)", "已被 {0} 取代"),
    (r"expired at (.+)", "已于 {0} 过期"),
    (r"the set expired at (.+)", "该组设定值已于 {0} 过期"),
    (r"not commissioned: (.+)", "未投运核对：{0}"),
    (r"(\S+) does not answer", "{0} 没有响应"),
    (r"(\S+) goes the wrong way: (\S+) by unit", "{0} 方向相反：每单位 {1}"),
    (
        r"(\S+) answers by (\S+) of the step, not (\S+) to (\S+)",
        "{0} 只响应阶跃的 {1}，应为 {2} 至 {3}",
    ),
    (
        r"nothing measured shows what it does; measure one of (.+)",
        "没有测点反映其作用，须测量：{0}",
    ),
    (
        r"no station's pressure difference is known together with the plant's and all flows",
        "没有换热站压差与热源压力、全部流量同时可用",
    ),
    (r"a booster pump stands in the network", "管网中有增压泵"),
    (r"there are several plants", "有多个热源"),
    (r"pipe (\S+) closes a loop", "管段 {0} 构成环网"),
    (r"no station has an exchanger with meters on both sides", "没有换热器两侧均有测点的换热站"),
    (r"not identified: (.+)", "未做辨识试验：{0}"),
    (r"nothing can be approved in mode (\w+)", "{0} 模式下不能批准"),
    (r"nothing can be armed in mode (\w+)", "{0} 模式下不能授权自动"),
    (r"there is nothing to resume in mode (\w+)", "{0} 模式下无需恢复"),
    (r"(\d+) more good cycles? (?:is|are) needed first", "还需 {0} 个正常周期"),
    (r"a cycle comes every (\d+) min", "每 {0} 分钟一个周期"),
    (r"a cycle comes every (\d+) s", "每 {0} 秒一个周期"),
    (r"(\S+) is past; arm until an instant to come", "{0} 已过，授权须到将来的时刻"),
    (r"(\S+) is too far ahead; arm for at most (\d+) days", "{0} 太远，授权最长 {1} 天"),
    (r"recommendation (\S+) has been decided before", "建议 {0} 已有决定"),
    (r"there is no recommendation (.+)", "没有建议 {0}"),
    (r"there is no alarm (.+)", "没有报警 {0}"),
    (
        r"site\.toml names another store; stop the engine and start it again",
        "site.toml 中的数据库已更改，须停止引擎后重新启动",
    ),
    (r"the site will be read again", "将重新读取站点"),
    (r"asked too long ago; ask again", "请求已过时，请重新提交"),
    (r"(\S+) holds (\S+), not (\S+) as before", "{0} 现为 {1}，不是建议生成时的 {2}"),
    (r"(\S+) would leave (\S+) to (\S+)", "{0} 将超出 {1} 至 {2}"),
    (r"(\S+) is (\w+); this needs (\w+)", "{0} 的角色为{1}，此操作需要{2}"),
    (r"(\S+) is (viewer|operator|engineer|admin)", "{0} 的角色为{1}，权限不足"),
    (r"the engine is still starting.*", "引擎仍在启动"),
    (r"an alarm is shelved for a reason; write it down", "搁置报警须写明原因"),
    (
        r"an alarm is shelved for more than 0 and at most (\d+) h",
        "搁置时长须大于 0，且不超过 {0} h",
    ),
    (r"a critical alarm is not shelved", "紧急报警不能搁置"),
    (r"(\w+): says (\S+), (\S+) is expected", "{0}：读数 {1}，应为 {2}"),
    (
        r"(\w+), by a factor of (\S+): says (\S+), (\S+) is expected",
        "{0}（{1} 倍）：读数 {2}，应为 {3}",
    ),
    (r"(\w+) with (\S+): says (\S+), (\S+) is expected", "{0}（与 {1}）：读数 {2}，应为 {3}"),
    (r"the plan is not certified", "计划未通过认证"),
    (r"not_certified: (.+)", "未通过认证：{0}"),
    (r"no_plan: (.+)", "没有计划：{0}"),
    (r"no_weather: (.+)", "没有天气预报：{0}"),
    *field_words.SENTENCES,
    *study_words.SENTENCES,
)
_PATTERNS = tuple((re.compile(english), chinese) for english, chinese in _SENTENCES)


def in_chinese(text: str) -> str:
    """Say in Chinese what the engine has said.

    Args:
        text: One or several sentences, with semicolons between.

    Returns:
        The Chinese; a sentence that is not known stays as it is.
    """
    whole = _one(text)
    if whole is not None:
        return whole
    return "；".join(_one(part) or part for part in text.split("; "))


def _one(text: str) -> str | None:
    for pattern, chinese in _PATTERNS:
        found = pattern.fullmatch(text.strip())
        if found:
            return chinese.format(*(_word(group) for group in found.groups()))
    return None


def _word(text: str) -> str:
    if text in _ROLES_ZH:
        return _ROLES_ZH[text]
    if text in field_words.QUALITIES_ZH:
        return field_words.QUALITIES_ZH[Quality(text)]
    if text in set(Fault):
        return _FAULTS_ZH[Fault(text)]
    if text in set(Mode):
        return MODES_ZH[Mode(text)]
    if text in set(LimitKind):
        return LIMITS[LimitKind(text)].zh
    return in_chinese(text)
