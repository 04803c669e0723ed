"""What a calibration's parts, quantities and columns are called, in Chinese and English."""

from collections.abc import Mapping

from controller.report.wording import Text

PARTS: Mapping[str, Text] = {
    "pipes": Text("管道散热", "pipe losses"),
    "friction": Text("管道粗糙度", "pipe roughness"),
    "exchangers": Text("换热器 UA", "exchangers' UA"),
    "valves": Text("热力站阀门", "valves of the stations"),
    "buildings": Text("建筑", "buildings"),
    "flats": Text("最冷住户", "coldest flats"),
}
COLUMNS: Mapping[str, Text] = {
    "heat_loss_w_m_k": Text("管道单位长度散热", "heat loss of pipes"),
    "roughness_m": Text("管道粗糙度", "roughness of pipes"),
    "hx_ua_kw_k": Text("换热器 UA", "UA of exchangers"),
    "valve_kvs": Text("热力站流量系数", "flow coefficient of stations"),
    "ua_kw_k": Text("建筑热损失系数", "loss of buildings"),
    "capacity_kwh_k": Text("建筑热容", "capacity of buildings"),
    "radiator_kw": Text("散热器", "radiators"),
    "worst_flat_beta": Text("最冷住户系数", "coldest flats"),
}
QUANTITIES: Mapping[str, Text] = {
    "supply temperature at the stations": Text(
        "各站供水温度", "supply temperature at the stations"
    ),
    "pressure difference at the stations": Text(
        "各站供回水压差", "pressure difference at the stations"
    ),
    "heat from the primary side's temperatures and flow": Text(
        "由一次侧温度和流量推算的热量", "heat from the primary side's temperatures and flow"
    ),
    "flow of the stations by pressure and opening": Text(
        "由热力站压差和开度推算的流量",
        "flow of the stations by pressure and opening",
    ),
    "heat of the stations": Text("各站热量", "heat of the stations"),
    "measured coldest flats": Text("有测点的最冷住户", "measured coldest flats"),
    "measured rooms": Text("有测点的房间", "measured rooms"),
}
