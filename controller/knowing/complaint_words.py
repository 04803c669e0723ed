"""What a triage says, in Chinese and English."""

from collections.abc import Mapping
from typing import Any

from controller.report.wording import Text
from optimizer.estimate.triage import Verdict

VERDICTS: Mapping[str, Text] = {
    Verdict.NETWORK: Text("管网问题", "the network"),
    Verdict.STATION: Text("换热站问题", "the station"),
    Verdict.BUILDING: Text("楼栋问题", "the building"),
    Verdict.HOME: Text("户内问题", "inside the home"),
}
ADVICE: Mapping[str, Text] = {
    Verdict.NETWORK: Text(
        "检查热源供水和干管，不必上门", "look at the plant and the mains; no visit will help"
    ),
    Verdict.STATION: Text(
        "检查该站的阀门、滤网和换热器", "look at the station's valve, strainer and exchanger"
    ),
    Verdict.BUILDING: Text(
        "检查楼内立管和平衡，必要时提高该站供热",
        "look at the risers and their balance; more heat from its station where possible",
    ),
    Verdict.HOME: Text(
        "上门检查球阀、滤网、散热器和排气",
        "visit: ball valve half open, strainer, clogged radiator, air",
    ),
}
CLUES: Mapping[str, Text] = {
    "plant_short": Text(
        "热源出水比设定低 {short_k} K", "the plant's outlet is {short_k} K below its setpoint"
    ),
    "many_short": Text(
        "{share_pct} % 的换热站来水偏低，本站低 {short_k} K",
        "water is too cold at {share_pct} % of the stations, by {short_k} K at this one",
    ),
    "supply_short": Text(
        "本站来水低 {short_k} K", "the water that reaches the station is {short_k} K too cold"
    ),
    "many_complain": Text(
        "过去一天别处有 {count} 起投诉", "{count} complaints elsewhere in the last day"
    ),
    "heating_short": Text(
        "二次供水低 {short_k} K", "the station's heating water is {short_k} K too cold"
    ),
    "heat_short": Text(
        "本站供热只有所需的 {share_pct} %",
        "the station gives {share_pct} % of the heat that its buildings need",
    ),
    "station_complains": Text(
        "同站另有 {count} 起投诉", "{count} other complaints at this station"
    ),
    "worst_short": Text(
        "预测最冷住户 {worst_c} °C，承诺 {promised_c} °C",
        "the coldest flat is predicted at {worst_c} degC, promised are {promised_c}",
    ),
    "building_complains": Text(
        "同楼另有 {count} 起投诉", "{count} other complaints in this building"
    ),
    "colder_than_worst": Text(
        "反映 {reported_c} °C，比预测最冷住户 {worst_c} °C 还冷",
        "reported are {reported_c} degC, the coldest flat should have {worst_c}",
    ),
    "warm_enough": Text(
        "反映 {reported_c} °C，已达到 {promised_c} °C",
        "reported are {reported_c} degC, promised {promised_c}",
    ),
    "radiator_cold": Text(
        "散热器不热，而来水正常", "the radiators are cold though hot water comes"
    ),
    "radiator_hot": Text("散热器热而房间冷", "the radiators are hot and the room is cold"),
    "nobody_else": Text("同楼同站无其他投诉", "nobody else of this building or station complains"),
}


def clue_text(clue: Mapping[str, Any]) -> Text:
    """Say a clue.

    Args:
        clue: Its code and values.

    Returns:
        The sentence in both languages.
    """
    template = CLUES[clue["code"]]
    values = {name: f"{value:g}" for name, value in clue["values"].items()}
    missing = dict.fromkeys(("short_k", "share_pct", "count", "worst_c", "promised_c"), "?")
    return Text(
        template.zh.format(**{**missing, "reported_c": "?", **values}),
        template.en.format(**{**missing, "reported_c": "?", **values}),
    )
