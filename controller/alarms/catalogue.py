"""Every alarm there is: its priority, cause, consequence and action, in English and Chinese."""

from dataclasses import dataclass
from enum import IntEnum


class Priority(IntEnum):
    """How soon somebody must act."""

    CRITICAL = 1  # at once
    HIGH = 2  # within ten minutes
    MEDIUM = 3  # within the hour
    LOW = 4  # within the shift


@dataclass(frozen=True, slots=True)
class Words:
    """The same text in both languages."""

    en: str
    zh: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """What an alarm means and what is to be done."""

    code: str
    priority: Priority
    cause: Words
    consequence: Words
    action: Words


def _kind(
    code: str, priority: Priority, cause: Words, consequence: Words, action: Words
) -> tuple[str, Kind]:
    return code, Kind(
        code=code, priority=priority, cause=cause, consequence=consequence, action=action
    )


_NO_WRITES = Words(
    "Nothing is written; the last confirmed values stay.", "不再写入，保持最后确认值。"
)
_BLIND = Words("Increases are refused; the mode falls to HOLD.", "禁止升温升速，转入保持模式。")
_LESS = Words("Plans are made with fewer measurements.", "计划所用的测量减少。")

CATALOGUE: dict[str, Kind] = dict(
    (
        _kind(
            "store_failed",
            Priority.CRITICAL,
            Words("The store can not be written.", "数据库无法写入。"),
            _NO_WRITES,
            Words(
                "Free disk space or bring the database back, then resume.",
                "释放磁盘或恢复数据库，然后继续。",
            ),
        ),
        _kind(
            "write_failed",
            Priority.CRITICAL,
            Words("A write was not confirmed.", "一次写入未被确认。"),
            _NO_WRITES,
            Words(
                "Compare the plant's panel with the readback, then resume.",
                "核对现场面板与回读值，然后继续。",
            ),
        ),
        _kind(
            "trip",
            Priority.CRITICAL,
            Words("Make-up flow or pressure drop passed its trip.", "补水量或压降超过跳闸值。"),
            Words(
                "A pipe may have burst; every increase is refused.", "管道可能爆裂，禁止任何升高。"
            ),
            Words("Look for the leak.", "查找泄漏。"),
        ),
        _kind(
            "limit_near",
            Priority.HIGH,
            Words("A measured value is at its limit.", "测量值接近限值。"),
            Words("Every increase is refused.", "禁止任何升高。"),
            Words("Lower the outlet or find out why.", "降低出口温度或查明原因。"),
        ),
        _kind(
            "leak_suspected",
            Priority.HIGH,
            Words("Make-up water has risen for good.", "补水量持续升高。"),
            Words("A pipe may leak; water and heat are lost.", "可能有管道泄漏，损失水和热量。"),
            Words(
                "Look for the leak; compare pressures at the stations.",
                "查找泄漏，核对各站压力。",
            ),
        ),
        _kind(
            "plant_changed",
            Priority.LOW,
            Words("The plant has changed for good.", "现场有持续变化。"),
            Words(
                "The model is off until it is calibrated again.", "重新率定之前，模型与现场不符。"
            ),
            Words(
                "Look at the place: valve, exchanger, insulation, who uses the heat.",
                "查看现场：阀门、换热器、保温、用户。",
            ),
        ),
        _kind(
            "bus_lost",
            Priority.HIGH,
            Words("A whole bus is silent.", "整条总线无应答。"),
            _BLIND,
            Words("Check the adapter, its supply and the line.", "检查转换器、电源和线路。"),
        ),
        _kind(
            "bus_failing",
            Priority.HIGH,
            Words("Several devices of a bus are silent.", "总线上多台设备无应答。"),
            _BLIND,
            Words(
                "Look at what they share: line, supply, termination.",
                "检查共用的线路、电源、终端电阻。",
            ),
        ),
        _kind(
            "device_silent",
            Priority.HIGH,
            Words("A device does not answer.", "设备无应答。"),
            _BLIND,
            Words("Check the device, its supply and its address.", "检查设备、电源和地址。"),
        ),
        _kind(
            "point_bad",
            Priority.MEDIUM,
            Words("A measurement is missing or not believed.", "测量缺失或不可信。"),
            _LESS,
            Words("Check the sensor.", "检查传感器。"),
        ),
        _kind(
            "contradiction",
            Priority.HIGH,
            Words("Measurements contradict each other.", "测量相互矛盾。"),
            _BLIND,
            Words(
                "Compare the sensors with the plant's panel: swapped, scaled, drifted.",
                "与现场面板核对传感器：接反、量程、漂移。",
            ),
        ),
        _kind(
            "foreign_change",
            Priority.HIGH,
            Words("Somebody else changed an output.", "输出被他人更改。"),
            Words("The operator owns it: mode MANUAL.", "由操作员负责：手动模式。"),
            Words("Find out who and why, then resume.", "查明何人何因，然后继续。"),
        ),
        _kind(
            "on_hold",
            Priority.HIGH,
            Words("The supervisor is on hold.", "监控处于保持。"),
            _NO_WRITES,
            Words("Remove the cause, then resume.", "排除原因后继续。"),
        ),
        _kind(
            "in_fallback",
            Priority.HIGH,
            Words("The supervisor has fallen back to the weather curve.", "已退回气候补偿曲线。"),
            Words("No plan is followed.", "不再执行计划。"),
            Words("Remove the cause, then resume.", "排除原因后继续。"),
        ),
        _kind(
            "weather_missing",
            Priority.MEDIUM,
            Words("There is no fresh weather forecast.", "没有新的天气预报。"),
            Words("The last certified plan is used until it ends.", "沿用最后认证的计划直至结束。"),
            Words("Check the connection and the source.", "检查网络和数据源。"),
        ),
        _kind(
            "no_certificate",
            Priority.MEDIUM,
            Words("No plan could be certified.", "没有计划通过认证。"),
            Words("Nothing new is recommended.", "没有新的建议。"),
            Words("Look at the limits that bind.", "查看起作用的限值。"),
        ),
        _kind(
            "not_set_by_hand",
            Priority.MEDIUM,
            Words("A setpoint that is set by hand is not confirmed.", "需手动设定的设定值未确认。"),
            Words("The approved set is only partly in force.", "已批准的方案只部分生效。"),
            Words("Set it and confirm it.", "手动设定并确认。"),
        ),
        _kind(
            "no_effect",
            Priority.MEDIUM,
            Words("A confirmed setpoint shows no effect.", "已确认的设定值没有效果。"),
            Words("The plant does not do what the plan expects.", "现场与计划不符。"),
            Words("Check the plant's own controller.", "检查现场控制器。"),
        ),
        _kind(
            "cycle_late",
            Priority.MEDIUM,
            Words("A cycle was missed or took too long.", "周期丢失或超时。"),
            Words("The recommendation is older than it should be.", "建议过旧。"),
            Words("Look at the machine's load.", "查看机器负荷。"),
        ),
        _kind(
            "clock_jumped",
            Priority.HIGH,
            Words("The machine's clock was set.", "机器时钟被调整。"),
            _NO_WRITES,
            Words("Check the time source, then resume.", "检查对时，然后继续。"),
        ),
        _kind(
            "job_failed",
            Priority.MEDIUM,
            Words("A job failed or did not run in time.", "任务失败或未按时运行。"),
            Words("What it should have done is missing.", "相应工作缺失。"),
            Words("Read its message in the log.", "查看日志中的信息。"),
        ),
        _kind(
            "flood",
            Priority.HIGH,
            Words("More alarms than anybody can read.", "报警过多。"),
            Words("Those of lower priority are listed and not sent.", "低优先级的只列出不发送。"),
            Words("Look for the common cause.", "查找共同原因。"),
        ),
    )
)
