"""What the report says, in Chinese and English, side by side."""

from typing import NamedTuple

from markupsafe import Markup, escape

from optimizer.model.outcome import LimitKind


class Text(NamedTuple):
    """A phrase in both languages; in HTML both are there and the page's switch shows one."""

    zh: str
    en: str

    def __html__(self) -> str:
        if self.zh == self.en:
            return str(escape(self.en))
        return str(
            Markup(
                '<span class="zh" lang="zh">{}</span><span class="en" lang="en">{}</span>'
            ).format(self.zh, self.en)
        )


def same(text: str) -> Text:
    """Say the same in both languages: a name, a number.

    Args:
        text: What to say.

    Returns:
        The phrase.
    """
    return Text(text, text)


LIMITS: dict[LimitKind, Text] = {
    LimitKind.SUPPLY_TEMP: Text("热源供水温度", "plant outlet temperature"),
    LimitKind.PLANT_RAMP: Text("热源升降温速率", "plant temperature ramp"),
    LimitKind.PLANT_HEAT: Text("热源出力", "plant heat"),
    LimitKind.PUMP_RAMP: Text("水泵调速速率", "pump ramp"),
    LimitKind.PIPE_TEMP: Text("管道温度", "pipe temperature"),
    LimitKind.PIPE_RAMP: Text("管道温变速率", "pipe temperature ramp"),
    LimitKind.PIPE_PRESSURE: Text("管道压力", "pipe pressure"),
    LimitKind.MIN_PRESSURE: Text("最低压力", "least pressure"),
    LimitKind.BOILING_MARGIN: Text("汽化裕度", "boiling margin"),
    LimitKind.VELOCITY: Text("流速", "velocity"),
    LimitKind.MAKEUP: Text("补水量", "make-up water"),
    LimitKind.RADIATOR_PRESSURE: Text("散热器压力", "radiator pressure"),
    LimitKind.STATIC_HEAD: Text("最高散热器充水压力", "pressure at the top radiator"),
    LimitKind.RADIATOR_TEMP: Text("散热器水温", "radiator temperature"),
}

STATUS: dict[str, Text] = {
    "certified": Text("已校核", "certified"),
    "fallback": Text("退回气候补偿曲线", "fallback: the weather curve"),
}

WORDS: dict[str, Text] = {
    "title": Text("供热调度计划", "Heat plan"),
    "period": Text("时段", "Period"),
    "all_times": Text("所有时间为当地时间", "all times are local"),
    "language": Text("语言", "Language"),
    "plan": Text("计划", "plan"),
    "baseline": Text("气候补偿曲线", "weather curve"),
    "difference": Text("差值", "difference"),
    "at_a_glance": Text("概览", "At a glance"),
    "why": Text("理由", "Why"),
    "no_reasons": Text("没有需要说明的。", "Nothing needs explaining."),
    "coldest_flat": Text("最冷住户", "Coldest flat"),
    "max_shortfall": Text("最大欠温", "Largest shortfall"),
    "shortfall_k_h": Text("欠温总量", "Total shortfall"),
    "total_cost": Text("总费用", "Total cost"),
    "limits_exceeded": Text("超限项", "Limits exceeded"),
    "bound": Text("同等温暖的最低费用", "Least cost of the same warmth"),
    "gap": Text("与下界的差距", "Gap to the bound"),
    "setpoints": Text("设定值与实际", "Setpoints and what they give"),
    "supply_chart": Text("热源供水温度", "Plant outlet temperature"),
    "setpoint": Text("设定值", "setpoint"),
    "delivered": Text("实际供水", "delivered"),
    "heat_chart": Text("热源出力", "Plant heat"),
    "capacity": Text("最大出力", "capacity"),
    "pump_chart": Text("水泵转速", "Pump speed"),
    "pump_dp_chart": Text("水泵压差", "Pump differential pressure"),
    "outdoor_chart": Text("室外温度", "Outdoor temperature"),
    "outdoor": Text("室外", "outdoors"),
    "offset_chart": Text("二次侧温度修正", "Secondary offsets"),
    "offset_highest": Text("最大", "largest"),
    "offset_mean": Text("平均", "mean"),
    "offset_lowest": Text("最小", "smallest"),
    "buildings": Text("最远与最冷的建筑", "The farthest and the coldest building"),
    "farthest": Text("最远建筑", "Farthest building"),
    "coldest": Text("最冷建筑", "Coldest building"),
    "from_plant": Text("距热源", "from the plant"),
    "indoor_mean": Text("室内平均", "indoor mean"),
    "worst_flat": Text("最冷住户", "coldest flat"),
    "least": Text("最低要求", "promised"),
    "network": Text("管网供水温度", "Supply temperature in the network"),
    "at_coldest": Text("最冷时刻", "at the coldest hour"),
    "old_pipes": Text(
        "虚线：已超过 30 年设计寿命的管道", "dashed: past the design life of 30 years"
    ),
    "out_of_service": Text("点线：停用管道", "dotted: out of service"),
    "short_station": Text(
        "圈：有住户低于最低要求的换热站", "ring: a flat of this station is short"
    ),
    "plant": Text("热源", "plant"),
    "pump": Text("水泵", "pump"),
    "limits": Text("各项限值", "Limits"),
    "limit": Text("限值", "limit"),
    "where": Text("位置", "where"),
    "when": Text("时间", "when"),
    "worst": Text("最不利值", "worst"),
    "allowed": Text("允许值", "allowed"),
    "margin": Text("裕度", "margin"),
    "unit": Text("单位", "unit"),
    "within": Text("满足", "within"),
    "near": Text("接近", "near"),
    "at_limit": Text("达到上限", "at the limit"),
    "exceeded": Text("超限", "exceeded"),
    "all_near": Text("计划中所有接近限值的位置", "Every place that the plan brings near a limit"),
    "baseline_exceeds": Text("气候补偿曲线超限之处", "Where the weather curve exceeds a limit"),
    "places": Text("处", "places"),
    "cost": Text("费用", "Cost"),
    "fuel": Text("燃料", "fuel"),
    "electricity": Text("电", "electricity"),
    "makeup": Text("补水", "make-up water"),
    "risk": Text("泄漏与疲劳风险", "leak and fatigue risk"),
    "stored_heat": Text("蓄热变化", "change of stored heat"),
    "starts": Text("启动费用", "starts of plants"),
    "stands": Text("停运", "stands"),
    "total": Text("合计", "total"),
    "comfort": Text("室温", "Warmth"),
    "where_and_when": Text("位置与时间", "where and when"),
    "mean_indoor_end": Text("结束时平均室温", "mean indoor temperature at the end"),
    "unwarmable": Text("无法达到要求的建筑", "buildings that nothing can warm"),
    "none": Text("无", "none"),
    "offsets": Text("换热站二次侧修正", "Station offsets"),
    "station": Text("换热站", "station"),
    "hourly": Text("逐时设定值", "Hourly setpoints"),
    "time": Text("时间", "time"),
    "how": Text("校核方法", "How this was found"),
    "how_text": Text(
        "计划由非线性仿真独立校核（时间步 {step} 秒），能量残差 {residual} %。"
        "求解：{iterations} 轮，{simulations} 次仿真，{buildings} 栋建筑单独建模。",
        "The plan was judged by an independent nonlinear run in steps of {step} s, with an energy "
        "residual of {residual} %. Found in {iterations} rounds with {simulations} simulations and "
        "{buildings} buildings modelled one by one.",
    ),
    "printed_by": Text("由 heatwarden 生成", "Written by heatwarden"),
}
