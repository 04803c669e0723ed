"""What `check`, `plan` and other studies say: their phrases, and their English lines in Chinese."""

from collections.abc import Mapping

from controller.report.wording import Text

WORDS: Mapping[str, Text] = {
    # check
    "warning": Text("警告：{problem}", "warning: {problem}"),
    "derived": Text("推导值：", "derived:"),
    "calibrated": Text("已率定：{parameters}", "calibrated: {parameters}"),
    "sound": Text("{site} 无误：{counts}", "{site} is sound: {counts}"),
    # simulate
    "run": Text("{site}：{hours:g} 小时，自 {start} 起", "{site}: {hours:g} h from {start}"),
    "costs": Text(
        "费用 {total:,.0f} {currency}：燃料 {fuel:,.0f}，电力 {electricity:,.0f}，"
        "补水 {makeup:,.0f}，风险 {risk:,.0f}，蓄热 {stored_heat:,.0f}，启动 {starts:,.0f}",
        "cost {total:,.0f} {currency}: fuel {fuel:,.0f}, electricity {electricity:,.0f}, "
        "make-up {makeup:,.0f}, risk {risk:,.0f}, stored heat {stored_heat:,.0f}, "
        "starts {starts:,.0f}",
    ),
    "warm_enough": Text("最冷住户均达标", "every worst flat is warm enough"),
    "short": Text(
        "最冷住户欠温合计 {total:,.1f} K·h，最大 {largest:.2f} K，{building}，{at}",
        "worst flats are short by {total:,.1f} K h in all, at most {largest:.2f} K in {building} "
        "at {at}",
    ),
    "of_limit": Text(
        "{worst:10.3f}，限值 {allowed:g} {unit}，裕量 {margin:.3f}{passed}",
        "{worst:10.3f} of {allowed:g} {unit}, margin {margin:.3f}{passed}",
    ),
    "exceeded": Text("  超限", "  EXCEEDED"),
    "residual": Text("能量残差 {pct:.1e} %", "energy residual {pct:.1e} %"),
    "wrote": Text("写入 {files}", "wrote {files}"),
    # balance
    "turn_station": Text("换热站", "station"),
    "turn_from": Text("由，%", "from, %"),
    "turn_to": Text("到，%", "to, %"),
    "turn_without": Text("不转则，K", "without it, K"),
    "turn_short": Text("K·h", "K h"),
    "no_turn": Text(
        "转动固定阀门不能使最冷住户升温", "no turn of a valve that stands warms the coldest flats"
    ),
    "no_valve": Text(
        "转动固定阀门不能使最冷住户升温：各换热站均自行调节，没有手动阀门",
        "no turn of a valve that stands warms the coldest flats: every station sets its own "
        "valve, there is none to turn by hand",
    ),
    "balanced": Text(
        "最大欠温 {before:.2f} -> {after:.2f} K，{before_h:.1f} -> {after_h:.1f} K·h",
        "largest shortfall {before:.2f} -> {after:.2f} K, {before_h:.1f} -> {after_h:.1f} K h",
    ),
    "list_certified": Text("清单已认证", "the list is certified"),
    "list_no_further": Text("清单不使任何越限加重", "the list passes no limit further than now"),
    "short_circuit": Text(
        "换热站 {station} 短路：其水温降 {fall:.1f} K，其余换热站半数以上大于 {usual:.1f} K",
        "station {station} short-circuits: its water cools by {fall:.1f} K, half of the others' "
        "by more than {usual:.1f} K",
    ),
    # forecast
    "forecast": Text(
        "{site} {load}，发布于 {issued}：{how}", "{site} {load}, issued {issued}: {how}"
    ),
    "learned": Text("物理模型加学习残差", "physics and learned residual"),
    "physics": Text("仅物理模型", "physics alone"),
    "hours_ahead": Text("提前小时", "hours ahead"),
    "physics_kw": Text("物理 kW", "physics kW"),
    "held_back": Text(
        "  提前 24 小时，留出的 {hours} 小时上：MAPE {mape:.1f} %，沿用前一日负荷 "
        "{persistence:.1f} %，仅物理模型 {physics:.1f} %，P10 至 P90 覆盖 {covered:.0f} %",
        "  24 h ahead on {hours} h held back: MAPE {mape:.1f} %, load of a day before "
        "{persistence:.1f} %, physics alone {physics:.1f} %, P10 to P90 covers {covered:.0f} %",
    ),
    "none_held_back": Text(
        "  历史太短，无法留出检验", "  the history is too short to hold any of it back"
    ),
}
# What a site has so many of.
COUNTS_ZH: Mapping[str, str] = {
    "plants": "热源",
    "pumps": "泵",
    "nodes": "节点",
    "pipes": "管段",
    "stations": "换热站",
    "buildings": "建筑",
    "devices": "设备",
    "points": "点位",
}

_MERIT = (
    r"round (\d+): trust (\S+), violation (\S+), largest shortfall (\S+) K, (\S+) K h, cost (\S+), "
)

# English sentence -> Chinese; the groups stand in the braces in order.
SENTENCES: tuple[tuple[str, str], ...] = (
    # progress of a plan
    (r"finding the state at the start", "正在求起始状态"),
    (r"no pipe in service leads from a plant to (.+): no heat there",
     "没有在用管道从热源通到 {0}：那里没有热量"),
    (r"the weather curve is simulated and judged", "气候补偿曲线已仿真并校核"),
    (r"K h of a round: of the flats that a plan can warm, by the search's own run; the result "
     r"counts every flat, as certified",
     "各轮的 K·h 只计计划能改善的住户，按搜索自身的仿真；最终结果按认证计入全部住户"),
    (_MERIT + "accepted",
     "第 {0} 轮：步长 {1}，越限 {2}，最大欠温 {3} K，{4} K·h，费用 {5}，采纳"),
    (_MERIT + "refused",
     "第 {0} 轮：步长 {1}，越限 {2}，最大欠温 {3} K，{4} K·h，费用 {5}，未采纳"),
    (r"round (\d+): (\d+) valves turned, largest shortfall (\S+) K",
     "第 {0} 轮：转动 {1} 个阀门，最大欠温 {2} K"),
    (r"round (\d+): (.+)", "第 {0} 轮：{1}"),
    (r"certificate (\d+): passed", "第 {0} 次认证：通过"),
    (r"certificate (\d+): refused", "第 {0} 次认证：未通过"),
    (r"beginning anew at the weather curve", "从气候补偿曲线重新开始"),
    (r"certified: the last plan, gone on with", "已认证：沿用上一计划"),
    (r"certified: (\d+) % of the way from the present setpoints", "已认证：自当前设定值起走 {0} %"),
    (r"certified: (\d+) % of the way from the weather curve", "已认证：自气候补偿曲线起走 {0} %"),
    (r"planning with plants at standstill: none", "按全部热源运行规划"),
    (r"planning with plants at standstill: (.+)", "按热源停运规划：{0}"),
    (r"proving a bound", "正在证明费用下界"),
    (r"trying (\d+) renewals under the plan as it stands", "在现有计划下试算 {0} 项更新"),
    (r"planning (\d+) of (\d+): (\S+) renewed", "规划第 {0}/{1} 项：更新 {2}"),
    (r"the certificate finds a limit passed: half of each turn", "认证发现越限：各阀门转动减半"),
    (r"learning the load from the history", "正在从历史学习负荷"),
    (r"the history does not teach the total load: the plan stands on the tables alone",
     "历史不足以学习总负荷：计划只依据站点表格"),
    (r"load of the next day: (.+) times the weather's \(expected, P90, P10\)",
     "次日负荷为按天气所得的 {0} 倍（期望、P90、P10）"),
    (r"--no-(\w+) has no effect: a plan could not move any on this site",
     "--no-{0} 没有作用：本站点没有可调的此类设备"),
    (r"--retrofit (\S+) has no effect: the building loses what it lost before",
     "--retrofit {0} 没有作用：建筑热损失不变"),
    (r"--lost-boiler (\S+) has no effect: nothing is lost", "--lost-boiler {0} 没有作用：没有损失"),
    (r"the report is in (.+)", "报告写入 {0}"),
    (r"simulating (\d+) steps of (\d+) s", "仿真 {0} 步，每步 {1} 秒"),
    (r"judging it on a finer grid", "正在更细的网格上校核"),
    # the demonstration and the bench
    (r"a first run compiles the network model: a minute or two without a word",
     "首次运行须编译管网模型：一两分钟没有输出"),
    (r"planning (.+) from (\S+)", "规划 {0}，自 {1} 起"),
    (r"the plant is built and settles; that takes a minute, the first time some more",
     "正在建立模拟厂站并待其稳定：约一分钟，首次更久"),
    (r"console: (\S+)   (\S+) times real time; Ctrl-C ends it",
     "控制台：{0}   {1} 倍实时；按 Ctrl-C 结束"),
    (r"sign in as (\S+) or (\S+), password (\S+)", "以 {0} 或 {1} 登录，密码 {2}"),
    (r"(\d+\.\d{3}) h  (.+)", "{0} h  {1}"),
    (r"(\S+): settling the plant", "{0}：等待厂站稳定"),
    (r"(\S+): commissioning through the wire", "{0}：正在经线路投运核对"),
    (r"commissioned (\S+): (.+)", "已投运核对 {0}：{1}"),
    (r"passed  (.+)", "通过  {0}"),
    (r"FAILED  (.+)", "未通过  {0}"),
    (r"(\S+): passed; (.+)", "{0}：通过；{1}"),
    (r"(\S+): FAILED; (.+)", "{0}：未通过；{1}"),
    # words of a command line that are refused
    (r"--start is not an ISO 8601 time", "--start 不是 ISO 8601 时刻"),
    (r"--start has no offset from UTC", "--start 没有 UTC 时差"),
    (r"--start is not in this age", "--start 不在合理年代"),
    (r"--hours makes no sense", "--hours 不合理"),
    (r"give a length from (\S+) to (\S+) h", "给出 {0} 至 {1} 小时"),
    (r"write it like (.+)", "写成 {0} 这样"),
    (r"--weather-shift shifts the plan's weather, not the one that the load is learned for",
     "--weather-shift 只改变计划的天气，不改变学习负荷所用的天气"),
    (r"leave out --history or --weather-shift", "去掉 --history 或 --weather-shift"),
    (r"nothing is left that a plan could move on this site", "本站点没有计划可调的设备了"),
    (r"leave out one of (.+)", "去掉其中之一：{0}"),
    (r"(--\S+) names no element", "{0} 没有指明元件"),
    (r"(--\S+) names no (\w+) of the site", "{0} 指明的 {1} 不在本站点"),
    (r"(--\S+) has no number", "{0} 没有数值"),
    (r"(--\S+) is out of range", "{0} 超出范围"),
    (r"give one from (\S+) to (\S+)", "给出 {0} 至 {1} 之间的值"),
    (r"give the id of an? (\w+)", "给出 {0} 的编号"),
    (r"is no station of this site", "不是本站点的换热站"),
    (r"take an id of stations\.csv", "取 stations.csv 中的编号"),
    (r"the weather reaches (\S+) h beyond the history", "天气只比历史多 {0} 小时"),
    (r"give weather that goes on, or fewer --hours", "给出更长的天气，或减小 --hours"),
    (r"was never measured in this history", "在这段历史中从未测量"),
    # files
    (r"the weather begins (\S+ h) after (\S+)", "天气比 {1} 晚 {0} 开始"),
    (r"give a later start, or weather that begins earlier", "推迟起始时刻，或给出更早的天气"),
    (r"the weather ends (\S+ h) before (\S+)", "天气比 {1} 早 {0} 结束"),
    (r"give fewer hours, an earlier start, or weather that goes on longer",
     "减少小时数、提前起始时刻，或给出更长的天气"),
    (r"is not a folder", "不是文件夹"),
    (r"name a site folder; `heatwarden init FOLDER` writes one",
     "给出站点文件夹；`heatwarden init 文件夹` 可生成一个"),
    (r"is not a file", "不是文件"),
    (r"put a file in its place", "换成文件"),
    (r"does not exist", "不存在"),
    (r"add the file to the site", "把该文件加入站点"),
    (r"rename (.+) to (\S+)", "把 {0} 改名为 {1}"),
    (r"cannot be read: (.+)", "无法读取：{0}"),
    (r"check the path and its rights", "检查路径和权限"),
    (r"check the file's permissions", "检查文件权限"),
    (r"cannot be written: (.+)", "无法写入：{0}"),
    (r"name a (?:folder|file in a folder) that you may write", "给出可写的位置"),
    (r"No such file or directory", "没有该文件或文件夹"),
    (r"Permission denied", "没有权限"),
    (r"is not UTF-8 text", "不是 UTF-8 文本"),
    (r"save the file as CSV UTF-8", "另存为 CSV UTF-8"),
    (r"is empty", "是空的"),
    (r"is missing", "缺失"),
    (r"is not a number", "不是数字"),
    (r"is not between (\S+) and (\S+)(?: \S+)?", "不在 {0} 至 {1} 之间"),
    (r"is a file of the site (.+) and would be replaced", "是站点 {0} 的文件，会被覆盖"),
    (r"name a file outside of the site's folder, or a new one",
     "给出站点文件夹以外的文件，或新文件"),
    (r"is the site's own folder: its tables would be replaced",
     "是站点自己的文件夹：其表格会被覆盖"),
    (r"name another folder", "给出另一个文件夹"),
    (r"is taken", "已被占用"),
    (r"stop what listens there, or give another: (.+)", "停止占用它的程序，或另给一个：{0}"),
    (r"no scenario is named", "没有指明场景"),
    (r"name one of `heatwarden bench list`, or give --short or --all",
     "从 `heatwarden bench list` 中取一个，或用 --short、--all"),
)  # fmt: skip
