"""A plan's reasons in words: one table of codes, each with its sentence in both languages."""

from collections.abc import Callable, Mapping
from datetime import datetime
from string import Formatter
from zoneinfo import ZoneInfo

from controller.report.numbers import local_time, number, short_number
from controller.report.wording import LIMITS, Text, same
from optimizer.model.outcome import LimitKind, Reason

# code -> sentence; a name in braces is a value of the reason, written as its name asks for.
SENTENCES: dict[str, Text] = {
    "binding_limit": Text(
        "{limit}在 {where} 处于 {time} 达到 {worst}（允许 {allowed}），限制了计划。",
        "The {limit} at {where} reaches {worst} of {allowed} allowed at {time} and binds the plan.",
    ),
    "transport_time": Text(
        "热水到达最远的建筑 {building_id} 需 {hours} 小时，设定值须提前这么久改变。",
        "Hot water needs {hours} h to reach the farthest building, {building_id}; "
        "setpoints move that much earlier.",
    ),
    "coldest_weather": Text(
        "最冷时刻为 {time}，室外 {outdoor_temp_c} °C。",
        "It is coldest at {time} with {outdoor_temp_c} °C outdoors.",
    ),
    "unwarmable": Text(
        "任何调度都无法使建筑 {building_id} 达到要求：需检查其换热站或散热器。",
        "No decision can warm building {building_id}: its station or radiators need a look.",
    ),
    "shortfall": Text(
        "建筑 {building_id} 最冷住户于 {time} 比要求低 {max_shortfall_k} K。",
        "The coldest flat of building {building_id} is {max_shortfall_k} K short at {time}.",
    ),
    "saving": Text(
        "费用 {cost}，气候补偿曲线为 {baseline_cost}：节省 {pct} %。",
        "It costs {cost}; the weather curve costs {baseline_cost}: {pct} % saved.",
    ),
    "offsets_used": Text(
        "修正了 {stations} 个换热站的二次侧温度，最大 {largest_k} K，使热量流向最冷处。",
        "The secondary curves of {stations} stations are shifted by up to {largest_k} K, "
        "so that heat goes where it is coldest.",
    ),
    "changed_by": Text(
        "{by} 将 {element} 改为 {value}，整套方案已重新校核。",
        "{by} set {element} to {value}; the whole set was certified again.",
    ),
    "preheat": Text(
        "{from} 至 {to} 提前蓄热，建筑升温 {kelvin} K，约蓄热 {stored_mwh} MWh，"
        "{building_id} 最多；每 {half_life_h} 小时散失一半。",
        "From {from} to {to} buildings are charged by {kelvin} K ahead of the cold: about "
        "{stored_mwh} MWh, most of it in {building_id}; half of it is gone after {half_life_h} h.",
    ),
    "driving_fall": Text(
        "{from} 至 {to} 室外降温 {kelvin} K，决定了计划。",
        "The fall of {kelvin} K outdoors from {from} to {to} drives the plan.",
    ),
    "plant_stands": Text(
        "热源 {plant_id} 自 {from} 停运，至本计划结束不再启动。",
        "Plant {plant_id} stands still from {from} to the end of the plan.",
    ),
    "plant_stands_until": Text(
        "热源 {plant_id} 自 {from} 停运，{to} 启动。",
        "Plant {plant_id} stands still from {from} and starts at {to}.",
    ),
    "if_nothing_is_done": Text(
        "若不作调整，最冷住户将比要求低 {max_shortfall_k} K，合计欠温 {shortfall_k_h} K·h，"
        "费用 {cost}。",
        "If nothing is changed, the coldest flat falls {max_shortfall_k} K short, "
        "{shortfall_k_h} K h in all, at a cost of {cost}.",
    ),
}
# The reasons that say when a plant is to be stopped and started.
OF_STANDING = ("plant_stands", "plant_stands_until")
# What is added to a sentence where the reason has one more value.
_MORE: dict[str, Text] = {
    "marginal_k": Text(
        "每放宽 1 {unit}，最冷住户升温 {marginal_k} K。",
        "One {unit} more would warm the coldest flat by {marginal_k} K.",
    ),
    "marginal_cost": Text(
        "每放宽 1 {unit}，可节省费用 {marginal_cost}。",
        "One {unit} more would save {marginal_cost}.",
    ),
}
# A cost above the baseline's is not a saving.
_DEARER = Text(
    "费用 {cost}，气候补偿曲线为 {baseline_cost}：多花 {pct} %，用于补足欠温。",
    "It costs {cost}; the weather curve costs {baseline_cost}: {pct} % more, spent on warmth.",
)

_TIMES = ("time", "from", "to")
_WHOLE = ("cost", "baseline_cost", "stations")

Values = Mapping[str, float | str | None]


def reason_text(reason: Reason, zone: ZoneInfo) -> Text:
    """Say a reason in words.

    Args:
        reason: Code and values; an unknown code is listed with its values.
        zone: The site's time zone.

    Returns:
        The sentence.
    """
    sentence = SENTENCES.get(reason.code)
    values = dict(reason.values)
    if reason.code == "saving" and _is_negative(values.get("pct")):
        sentence, values["pct"] = _DEARER, -float(values["pct"] or 0.0)
    if sentence is None or not _has_all(sentence.en, values):
        return _plain(reason)
    text = _filled(sentence, values, zone)
    for key, more in _MORE.items():
        if values.get(key) is not None:
            added = _filled(more, values, zone)
            text = Text(text.zh + added.zh, f"{text.en} {added.en}")
    return text


def _is_negative(value: float | str | None) -> bool:
    return isinstance(value, (int, float)) and value < 0.0


def _has_all(template: str, values: Values) -> bool:
    names = [name for _, name, _, _ in Formatter().parse(template) if name]
    return all(name in values for name in names)


def _plain(reason: Reason) -> Text:
    """What can be said of a reason without a sentence of its own."""
    values = ", ".join(
        f"{name} {short_number(value) if isinstance(value, (int, float)) else value or '–'}"
        for name, value in reason.values.items()
    )
    return same(f"{reason.code}: {values}" if values else reason.code)


def _filled(template: Text, values: Values, zone: ZoneInfo) -> Text:
    words = {name: _word(name, value, zone) for name, value in values.items()}
    return Text(
        template.zh.format(**{name: word.zh for name, word in words.items()}),
        template.en.format(**{name: word.en for name, word in words.items()}),
    )


def _word(name: str, value: float | str | None, zone: ZoneInfo) -> Text:
    """Write one value as its name asks for."""
    if isinstance(value, str):
        return _STRINGS[name](value, zone) if name in _STRINGS else same(value)
    return same(number(value, 0) if name in _WHOLE else short_number(value))


def _limit_word(value: str, _zone: ZoneInfo) -> Text:
    return LIMITS[LimitKind(value)] if value in set(LimitKind) else same(value)


def _time_word(value: str, zone: ZoneInfo) -> Text:
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return same(value)
    return same(value if time.utcoffset() is None else local_time(time, zone))


_STRINGS: dict[str, Callable[[str, ZoneInfo], Text]] = {
    "limit": _limit_word,
    **dict.fromkeys(_TIMES, _time_word),
}
