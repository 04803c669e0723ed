"""Weather files: the contract's CSV, EPW and typical years; mistakes named, no shifted hour."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.base import BadInput, WeatherSeries
from drivers.weather.csv_file import read_weather_csv, read_weather_file
from tests.data import need_data

TYPICAL_YEARS = (
    "CHN_Beijing.Beijing.545110_CSWD.csv",
    "RUS_Arkhangelsk.225500_IWEC.csv",
    "RUS_Moscow.276120_IWEC.csv",
    "RUS_Saint-Petersburg.260630_IWEC.csv",
    "SWE_Kiruna.020440_IWEC.csv",
    "Zuerich-Kloten_1990_2010_TMY.csv",
)
KIRUNA = "weather/SWE_Kiruna.020440_IWEC.csv"
HEADER = "time,outdoor_temp_c,wind_m_s,ghi_w_m2"
GOOD = (
    HEADER,
    "2026-01-04T00:00:00+08:00,-4.5,3.7,0",
    "2026-01-04T01:00:00+08:00,-5.0,4.0,10",
    "2026-01-04T02:00:00+08:00,-4.8,2.7,20",
)


def written(folder: Path, *lines: str, encoding: str = "utf-8", end: str = "\n") -> Path:
    path = folder / "weather.csv"
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


def test_the_contract_s_csv(tmp_path: Path) -> None:
    series = read_weather_csv(written(tmp_path, *GOOD))
    assert series.times == tuple(datetime(2026, 1, 3, 16 + i, tzinfo=UTC) for i in range(3))
    assert series.issue_time == series.times[0]
    assert series.outdoor_temp_c.tolist() == [[-4.5, -5.0, -4.8]]
    assert series.wind_m_s is not None
    assert series.ghi_w_m2 is not None
    assert series.ghi_w_m2.tolist() == [[0, 10, 20]]
    with pytest.raises(ValueError, match="read-only"):
        series.outdoor_temp_c[0, 0] = 1.0


@pytest.mark.parametrize(
    ("encoding", "end"), [("utf-8-sig", "\r\n"), ("utf-8", "\r\n"), ("utf-8-sig", "\n")]
)
def test_byte_order_mark_and_line_ends_do_not_matter(
    tmp_path: Path, encoding: str, end: str
) -> None:
    path = written(tmp_path, *GOOD, "", encoding=encoding, end=end)
    assert len(read_weather_csv(path).times) == 3


def test_columns_in_any_order_and_others_beside_them(tmp_path: Path) -> None:
    path = written(tmp_path, "humidity,outdoor_temp_c,time", "80,1.5,2026-01-04T00Z",
                   "81,2.5,2026-01-04T03:00:00+00:00")  # fmt: skip
    series = read_weather_csv(path)
    assert series.outdoor_temp_c.tolist() == [[1.5, 2.5]]
    assert series.wind_m_s is None


def test_members(tmp_path: Path) -> None:
    path = written(
        tmp_path, "time,outdoor_temp_c,member",
        "2026-01-04T00Z,1,b", "2026-01-04T00Z,2,a", "2026-01-04T01Z,3,b", "2026-01-04T01Z,4,a",
    )  # fmt: skip
    series = read_weather_csv(path)
    assert series.members == ("b", "a")
    assert series.outdoor_temp_c.tolist() == [[1, 3], [2, 4]]


def test_an_issue_time_of_its_own(tmp_path: Path) -> None:
    issued = datetime.fromisoformat("2026-01-03T20:00:00+08:00")
    series = read_weather_csv(written(tmp_path, *GOOD), issue_time=issued)
    assert series.issue_time == datetime(2026, 1, 3, 12, tzinfo=UTC)
    assert series.issue_time.tzinfo is UTC


def test_both_nights_of_the_clock_change(tmp_path: Path) -> None:
    """Local stamps with their offsets: 23 and 25 hours, one instant each."""
    spring = [f"2026-03-29T0{h}:00:00+0{1 if h < 2 else 2}:00,1" for h in (0, 1, 3, 4)]
    autumn = ["2026-10-25T02:00:00+02:00,1", "2026-10-25T02:00:00+01:00,2"]
    for rows in (spring, autumn):
        series = read_weather_csv(written(tmp_path, "time,outdoor_temp_c", *rows))
        assert (np.diff(series.posix_s) == 3600).all()


@pytest.mark.parametrize(
    ("lines", "row", "column", "message"),
    [
        (("time,temp", *GOOD[1:]), 1, "outdoor_temp_c", "no column"),
        (("timestamp;outdoor_temp_c", *GOOD[1:]), 1, None, "no header of a weather table"),
        ((HEADER.replace(",", "\t"), *GOOD[1:]), 1, None, "no header of a weather table"),
        ((HEADER.upper(), *GOOD[1:]), 1, None, "no header of a weather table"),
        (("sep=,", *GOOD), 1, None, "no header of a weather table"),
        (("<html>", *GOOD), 1, None, "no header of a weather table"),
        (("时间,室外温度,wind_m_s,ghi_w_m2", *GOOD[1:]), 1, "time", "no column time"),
        ((HEADER + ",time", *(row + ",x" for row in GOOD[1:])), 1, "time", "twice"),
        (GOOD[:1], None, None, "fewer than two"),
        (GOOD[:2], None, None, "fewer than two"),
        ((*GOOD, "2026-01-04T03:00:00,1,1,0"), 5, "time", "no offset"),
        ((*GOOD, "2026-01-04,1,1,0"), 5, "time", "no offset"),
        ((*GOOD, "04.01.2026 03:00,1,1,0"), 5, "time", "not an ISO 8601"),
        ((*GOOD, ",1,1,0"), 5, "time", "is missing"),
        ((*GOOD, "0001-01-01T00:00:00+14:00,1,1,0"), 5, "time", "not in this age"),
        ((*GOOD, GOOD[3]), 5, "time", "of row 4 again"),
        ((*GOOD, "2026-01-03T18:00:00Z,1,1,0"), 5, "time", "of row 4 again"),
        ((*GOOD, "2026-01-04T00:30:00+08:00,1,1,0"), 5, "time", "comes before row 4"),
        ((*GOOD, "2026-01-04T05:00:01+08:00,1,1,0"), 5, "time", "after row 4; at most 3 h"),
        ((*GOOD, "2026-01-04T03:00:00+08:00,nan,1,0"), 5, "outdoor_temp_c", "not a number"),
        ((*GOOD, "2026-01-04T03:00:00+08:00,-inf,1,0"), 5, "outdoor_temp_c", "not a number"),
        ((*GOOD, "2026-01-04T03:00:00+08:00,1e400,1,0"), 5, "outdoor_temp_c", "not between"),
        ((*GOOD, "2026-01-04T03:00:00+08:00,-4_5,1,0"), 5, "outdoor_temp_c", "not a number"),
        ((*GOOD, "2026-01-04T03:00:00+08:00,-４５,1,0"), 5, "outdoor_temp_c", "not a number"),
        ((*GOOD, "2026-01-04T03:00:00+08:00,−4.5,1,0"), 5, "outdoor_temp_c", "not a number"),
        ((*GOOD, "2026-01-04T03:00:00+08:00,,1,0"), 5, "outdoor_temp_c", "is missing"),
        ((*GOOD, "2026-01-04T03:00:00+08:00,268.6,1,0"), 5, "outdoor_temp_c", "-90 and 60"),
        ((*GOOD, "2026-01-04T03:00:00+08:00,-4.5,-1,0"), 5, "wind_m_s", "0 and 115"),
        ((*GOOD, "2026-01-04T03:00:00+08:00,-4.5,1,"), 5, "ghi_w_m2", "is missing"),
        ((*GOOD, '2026-01-04T03:00:00+08:00,"-4,5",1,0'), 5, "outdoor_temp_c", "not a number"),
        ((*GOOD, "2026-01-04T03:00:00+08:00,-4.5,1"), 5, None, "3 cells where the header has 4"),
        ((*GOOD, '"2026-01-04T03:00'), 5, None, "not a comma-separated table"),
    ],
)
def test_each_mistake_names_its_place(
    tmp_path: Path, lines: tuple[str, ...], row: int | None, column: str | None, message: str
) -> None:
    with pytest.raises(BadInput) as refused:
        read_weather_csv(written(tmp_path, *lines))
    problem = refused.value.problems[0]
    assert (problem.row, problem.column) == (row, column)
    assert message in problem.message
    assert problem.remedy
    assert problem.file.endswith("weather.csv")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (("2026-01-04T00Z,1,a", "2026-01-04T01Z,1,"), "no member where other rows have one"),
        (
            ("2026-01-04T00Z,1,a", "2026-01-04T01Z,1,a", "2026-01-04T00Z,1,b"),
            "not the same instants as member a: 2026-01-04T01:00:00",
        ),
        (("2026-01-04T00Z,1,a", "2026-01-04T00Z,1,b"), "fewer than two instants"),
    ],
)
def test_members_that_do_not_match(tmp_path: Path, rows: tuple[str, ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_weather_csv(written(tmp_path, "time,outdoor_temp_c,member", *rows))


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    lines = [*GOOD, "x,1,1,0", "2026-01-04T03:00:00+08:00,99,y,-1", GOOD[1]]
    with pytest.raises(BadInput) as refused:
        read_weather_csv(written(tmp_path, *lines))
    assert [(p.row, p.column) for p in refused.value.problems] == [
        (5, "time"), (6, "outdoor_temp_c"), (6, "wind_m_s"), (6, "ghi_w_m2"), (7, "time"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n  \r\n", "is empty"),
        (b",,,\n,,\n", "is no header of a weather table"),
        ("time,outdoor_temp_c\n2026-01-04T00Z,1 °C".encode("gbk"), "is not UTF-8"),
        ("time,outdoor_temp_c\n".encode("utf-16"), "is not UTF-8"),
        (b"PK\x03\x04\x14\x00\x06\xff", "is not UTF-8"),
    ],
)
def test_files_that_are_no_table(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "weather.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=message):
        read_weather_file(path)


def test_no_file_at_all(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, tmp_path / "none.epw"):
        with pytest.raises(BadInput, match="cannot be read"):
            read_weather_file(path, year=2026)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_give_a_series_or_a_typed_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weather.csv"
    path.write_bytes(b"time,outdoor_temp_c\n" + content)
    with suppress(BadInput):
        assert isinstance(read_weather_csv(path), WeatherSeries)


# Typical years


def epw(path: Path, **cells: str) -> Path:
    """A year in EPW's form: temperature counts the hours of the year, irradiance too."""
    head = ["LOCATION,Ziyang,SD,CHN,made,1,36.8,118.0,8.0,35.0", *(["DATA,x"] * 7)]
    rows = []
    time = datetime(2019, 1, 1)  # noqa: DTZ001 - local standard time, as EPW has it
    for i in range(8760):
        row = [str(1980 + time.month), str(time.month), str(time.day), str(time.hour + 1), "60"]
        row += ["?9"] + ["0"] * 29
        row[6], row[13], row[21] = f"{i % 50 - 25}", f"{i % 800}", f"{i % 20}"
        rows.append(row)
        time += timedelta(hours=1)
    for place, value in cells.items():
        index, column = place.removeprefix("r").split("c")
        rows[int(index)][int(column)] = value
    path.write_text("\r\n".join(head + [",".join(row) for row in rows]) + "\r\n")
    return path


def test_epw_hour_ending_stamps(tmp_path: Path) -> None:
    series = read_weather_file(epw(tmp_path / "x.epw"), year=2026)
    # hour 1 of 1 January ends at 01:00 local standard time, 17:00Z of the day before
    assert series.times[0] == datetime(2025, 12, 31, 17, tzinfo=UTC)
    assert series.times[-1] == datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert series.outdoor_temp_c[0, 0] == -25  # instantaneous at the stamp
    assert series.ghi_w_m2 is not None
    assert series.ghi_w_m2[0, 0] == 1  # the hour that starts at 01:00 is row 2's
    assert series.ghi_w_m2[0, -1] == 0  # the year ends where it begins
    assert (np.diff(series.posix_s) == 3600).all()


def test_a_typical_year_goes_on_after_new_year(tmp_path: Path) -> None:
    series = read_weather_file(epw(tmp_path / "x.epw"), year=2025, last_year=2026)
    one = read_weather_file(epw(tmp_path / "x.epw"), year=2026)
    assert len(series.times) == 2 * 8760
    assert (np.diff(series.posix_s) == 3600).all()
    assert series.times[8760:] == one.times
    assert np.array_equal(series.outdoor_temp_c[:, :8760], series.outdoor_temp_c[:, 8760:])
    assert series.source.endswith("laid on 2025 to 2026")


def test_a_leap_year_has_its_day(tmp_path: Path) -> None:
    series = read_weather_file(epw(tmp_path / "x.epw"), year=2024)
    assert len(series.times) == 8784
    assert (np.diff(series.posix_s) == 3600).all()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"r100c6": "99.9"}, "109:outdoor_temp_c: is not between"),
        ({"r100c13": "9999"}, "109:ghi_w_m2: is not between"),
        ({"r100c21": "999"}, "109:wind_m_s: is not between"),
        ({"r100c3": "0"}, "109:hour: is not between 1 and 24"),
        ({"r100c3": "25"}, "109:hour: is not between 1 and 24"),
        ({"r100c1": "13"}, "109:month: is not between 1 and 12"),
        ({"r100c2": "x"}, "109:day: is not between 1 and 31"),
        ({"r100c3": "6"}, "is the hour of row 110 again|is the hour of row 109 again"),
        ({"r100c1": "2", "r100c2": "30"}, "no day of any year"),
    ],
)
def test_epw_mistakes(tmp_path: Path, cells: dict[str, str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_weather_file(epw(tmp_path / "x.epw", **cells), year=2026)


def test_epw_needs_a_year_and_its_hours(tmp_path: Path) -> None:
    path = epw(tmp_path / "x.epw")
    with pytest.raises(BadInput, match="say which year"):
        read_weather_file(path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-3]))
    with pytest.raises(BadInput, match="lacks hours 22, 23, 24 of 12-31"):
        read_weather_file(path, year=2026)
    path.write_text("\n".join(lines[8:]))
    with pytest.raises(BadInput, match="is not an EPW"):
        read_weather_file(path, year=2026)


@pytest.mark.parametrize("name", TYPICAL_YEARS)
def test_typical_years(name: str) -> None:
    series = read_weather_file(need_data(f"weather/{name}"), year=2025)
    assert len(series.times) == 8760
    assert (np.diff(series.posix_s) == 3600).all()
    assert series.ghi_w_m2 is not None
    # the sun stands highest about noon, local standard time: no hour is shifted
    hour_sums = np.zeros(24)
    starts = [(t + timedelta(minutes=30)) for t in series.times]
    for start, ghi in zip(starts, series.ghi_w_m2[0], strict=True):
        hour_sums[start.hour] += ghi
    mean_hour_utc = (hour_sums * (np.arange(24) + 0.0)).sum() / hour_sums.sum()
    assert 3.0 < mean_hour_utc < 14.0


def test_noon_in_kiruna_is_noon() -> None:
    """Irradiance as a function of solar time is symmetric about noon, within its weather."""
    series = read_weather_file(need_data(KIRUNA), year=2025)
    assert series.ghi_w_m2 is not None
    middles = series.posix_s + 1800.0
    solar_h = (middles / 3600.0 + 20.33 / 15.0) % 24.0
    centre = (series.ghi_w_m2[0] * solar_h).sum() / series.ghi_w_m2[0].sum()
    assert centre == pytest.approx(12.0, abs=0.5)


def test_a_typical_year_without_an_index_needs_its_offset(tmp_path: Path) -> None:
    source = need_data(KIRUNA)
    copy = tmp_path / source.name
    copy.write_bytes(source.read_bytes())
    with pytest.raises(BadInput, match="no known offset"):
        read_weather_file(copy, year=2025)
    assert len(read_weather_file(copy, year=2025, utc_offset_h=1).times) == 8760


# The series itself


@pytest.mark.parametrize(
    "changes",
    [
        {"times": ()},
        {"members": ()},
        {"times": (datetime(2026, 1, 4, 1, tzinfo=UTC), datetime(2026, 1, 4, tzinfo=UTC))},
        {"times": (datetime(2026, 1, 4), datetime(2026, 1, 5))},  # noqa: DTZ001 - the mistake
        {"outdoor_temp_c": np.array([[1.0, np.nan]])},
        {"outdoor_temp_c": np.array([1.0, 2.0])},
        {"ghi_w_m2": np.array([[1.0]])},
    ],
)
def test_a_series_is_whole_or_not_at_all(changes: dict[str, object]) -> None:
    values: dict[str, object] = {
        "source": "s",
        "issue_time": datetime(2026, 1, 4, tzinfo=UTC),
        "times": (datetime(2026, 1, 4, tzinfo=UTC), datetime(2026, 1, 4, 1, tzinfo=UTC)),
        "members": ("0",),
        "outdoor_temp_c": np.array([[1.0, 2.0]]),
    }
    with pytest.raises(ValueError):  # noqa: PT011 - each says something else
        WeatherSeries(**(values | changes))  # type: ignore[arg-type]
