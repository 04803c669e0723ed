"""What the shift's report says, in Chinese and English."""

from controller.report.wording import Text

MODES: dict[str, Text] = {
    "init": Text("启动", "starting"),
    "monitor": Text("监视", "monitor"),
    "advisory": Text("建议", "advisory"),
    "auto": Text("自动", "automatic"),
    "hold": Text("保持", "hold"),
    "fallback": Text("后备", "fallback"),
    "manual": Text("手动", "manual"),
    "stopped": Text("未运行", "not running"),
}
OUTCOMES: dict[str, Text] = {
    "recommended": Text("已建议", "recommended"),
    "no_weather": Text("无天气预报", "no weather"),
    "no_plan": Text("无计划", "no plan"),
    "not_certified": Text("未通过校核", "not certified"),
    "store_failed": Text("存储失败", "store failed"),
}
VERDICTS: dict[str, Text] = {
    "approved": Text("批准", "approved"),
    "rejected": Text("否决", "rejected"),
    "superseded": Text("被取代", "superseded"),
}
STAGES: dict[str, Text] = {
    "intent": Text("待写", "intent"),
    "confirmed": Text("已确认", "confirmed"),
    "not_written": Text("未写入", "not written"),
    "foreign": Text("被他人更改", "foreign"),
    "unknown": Text("未知", "unknown"),
}
EVENTS: dict[str, Text] = {
    "raised": Text("出现", "raised"),
    "cleared": Text("消失", "cleared"),
    "acknowledged": Text("已确认", "acknowledged"),
    "shelved": Text("搁置", "shelved"),
    "unshelved": Text("搁置结束", "unshelved"),
}
PRIORITIES: dict[int, Text] = {
    1: Text("1 紧急", "1 critical"),
    2: Text("2 高", "2 high"),
    3: Text("3 中", "3 medium"),
    4: Text("4 低", "4 low"),
}
HOWS: dict[str, Text] = {
    "typed": Text("输入值", "typed value"),
    "measured": Text("测量", "measured"),
}
USED: dict[str, Text] = {
    "heat": Text("热量", "heat"),
    "electricity": Text("水泵电量", "pump electricity"),
    "makeup": Text("补水", "make-up water"),
}
SHIFT_WORDS: dict[str, Text] = {
    "title": Text("值班报告", "Shift report"),
    "glance": Text("概览", "At a glance"),
    "modes": Text("运行模式", "Modes"),
    "cycles": Text("周期", "Cycles"),
    "advice": Text("建议与决定", "Recommendations and decisions"),
    "writes": Text("写入与确认", "Writes and their confirmation"),
    "by_hand": Text("手动设定", "Set by hand"),
    "alarms": Text("报警", "Alarms"),
    "warmth": Text("最冷的建筑", "The coldest buildings"),
    "used": Text("用量与费用", "What was used and what it cost"),
    "nothing": Text("无", "nothing"),
    "from": Text("自", "from"),
    "to": Text("至", "to"),
    "lasted": Text("时长 h", "lasted, h"),
    "mode": Text("模式", "mode"),
    "reason": Text("原因", "reason"),
    "at": Text("时间", "at"),
    "outcome": Text("结果", "outcome"),
    "took": Text("用时 s", "took, s"),
    "figure": Text("数值", "figure"),
    "id": Text("编号", "id"),
    "cost": Text("费用", "cost"),
    "usual_cost": Text("气候补偿曲线费用", "weather curve's cost"),
    "shortfall": Text("最大欠温 K", "largest shortfall, K"),
    "decision": Text("决定", "decision"),
    "who": Text("人员", "who"),
    "note": Text("备注", "note"),
    "changed": Text("更改", "changed"),
    "point": Text("点", "point"),
    "before": Text("原值", "before"),
    "value": Text("设定值", "value"),
    "readback": Text("回读", "readback"),
    "stage": Text("状态", "stage"),
    "detail": Text("说明", "detail"),
    "how": Text("确认方式", "confirmed by"),
    "alarm": Text("报警", "alarm"),
    "event": Text("事件", "event"),
    "priority": Text("优先级", "priority"),
    "meaning": Text("含义", "meaning"),
    "building": Text("建筑", "building"),
    "lowest": Text("最低 °C", "lowest, °C"),
    "mean": Text("平均 °C", "mean, °C"),
    "flat": Text("最冷住户（推算）°C", "coldest flat (derived), °C"),
    "promised": Text("要求 °C", "promised, °C"),
    "what": Text("项目", "what"),
    "amount": Text("用量", "amount"),
    "unit": Text("单位", "unit"),
    "covered": Text("测量覆盖 %", "measured for, %"),
    "cycles_good": Text("给出建议的周期", "cycles that recommended"),
    "sets_approved": Text("批准的方案", "sets approved"),
    "writes_confirmed": Text("确认的写入", "writes confirmed"),
    "alarms_raised": Text("出现的报警", "alarms raised"),
    "coldest": Text("最冷的测量", "coldest measurement"),
    "heat": Text("热量 MWh", "heat, MWh"),
    "total_cost": Text("总费用", "total cost"),
    "of": Text("共", "of"),
    "all_times": Text("所有时间为当地时间", "all times are local"),
}
