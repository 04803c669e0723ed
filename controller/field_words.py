"""What is said in English of devices, buses, readings and weather sources, in Chinese."""

from drivers.base import Quality

QUALITIES_ZH = {
    Quality.GOOD: "正常",
    Quality.UNCONFIRMED: "未确认",
    Quality.STALE: "过期",
    Quality.DISAGREEING: "不一致",
    Quality.OUT_OF_RANGE: "超量程",
    Quality.TOO_FAST: "变化过快",
    Quality.STUCK: "卡死",
    Quality.SENTINEL: "无值标记",
    Quality.MISSING: "缺失",
}
_QUALITY = "|".join(Quality)

# English sentence -> Chinese; the groups stand in the braces in order.
SENTENCES: tuple[tuple[str, str], ...] = (
    # weather
    (r"no weather source is configured", "未配置天气来源"),
    (r"([a-z_]+): (issued .+|begins only .+|ends at .+, before .+)", "{0}：{1}"),
    (r"issued (\S+) h ago; at most (\S+) h", "发布于 {0} 小时前，最长 {1} 小时"),
    (r"issued (\S+) h ago", "发布于 {0} 小时前"),
    (r"at most (\S+) h", "最长 {0} 小时"),
    (r"issued in the future, at (\S+)", "发布时刻在将来：{0}"),
    (r"begins only at (\S+)", "自 {0} 才开始"),
    (r"ends at (\S+), before (\S+)", "止于 {0}，早于 {1}"),
    (r"(\S+): (\w+Error): (.+)", "{0}：{1}：{2}"),
    (r"(\S+) refuses \(403\): check the User-Agent, the key and the terms of use",
     "{0} 拒绝访问（403）：检查 User-Agent、密钥和使用条款"),
    (r"(\S+) is asked too often \(429\)", "{0} 访问过于频繁（429）"),
    (r"(\S+) answers with status (\d+): (.*)", "{0} 返回状态 {1}：{2}"),
    (r"(\S+) takes more than (\S+) s", "{0} 超过 {1} 秒未完成"),
    (r"(\S+) sends more than (\d+) bytes", "{0} 发来的数据超过 {1} 字节"),
    (r"(\S+) gave no (?:whole JSON|JSON object).*", "{0} 的回答不是完整的 JSON"),
    # devices, buses and readings
    (r"(\d+) polls in a row without an answer", "连续 {0} 次轮询无应答"),
    (r"none of (\d+) devices answers", "{0} 台设备均无应答"),
    (r"(\d+) of (\d+) devices are silent: (.+)", "{1} 台设备中 {0} 台无应答：{2}"),
    (rf"({_QUALITY}): (.+)", "{0}：{1}"),
    (rf"({_QUALITY})", "{0}"),
    (rf"(\S+) is ({_QUALITY})", "{0} 数据异常（{1}）"),
    (r"device (\S+) does not give it", "设备 {0} 不提供该值"),
    (r"the device does not give it", "设备不提供该值"),
    (r"not read yet", "尚未读取"),
    (r"(\d+) s old; at most (\d+) s", "已过 {0} 秒，最长 {1} 秒"),
    (r"(\S+) reads (\S+), which means no value", "{0} 读得 {1}，表示无值"),
    (r"has not moved for (\d+) s; at most (\d+) s", "{0} 秒未变化，最长 {1} 秒"),
    # jobs and alarms
    (r"(\d+) more alarms are listed", "另有 {0} 条报警"),
    (r"(\S+) did not run in time", "{0} 未按时运行"),
    (r"(\S+) failed: (.+)", "{0} 失败：{1}"),
    (r"no plan within (\d+) s; the planner was ended", "{0} 秒内没有得出计划，规划进程已终止"),
    (r"the planner died: ?(.*)", "规划进程意外终止：{0}"),
)  # fmt: skip
