"""Words of `bench` and `demo` that make no sense are refused at once, with exit code 2."""

import socket
from pathlib import Path

import pytest

from controller.cli import main
from hil_tests import demo


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("bench run ordinary-day --plant-seed -1", "--plant-seed: -1 is not a whole number from 0"),
        ("bench run ordinary-day --speed nan", "--speed: nan is not a number from 0.01 to 1000"),
        ("bench run ordinary-day --speed 0", "--speed: 0 is not a number from 0.01 to 1000"),
        ("bench run ordinary-day --speed -1", "--speed: -1 is not a number from 0.01 to 1000"),
        ("bench plant village --seed -1", "--seed: -1 is not a whole number from 0"),
        ("bench plant village --speed -1", "--speed: -1 is not a number from 0 to 1000"),
        ("bench plant village --outdoor nan", "--outdoor: nan is not a number from -50 to 50"),
        ("bench plant village --outdoor -400", "--outdoor: -400 is not a number from -50 to 50"),
        ("bench plant village --api 99999", "--api: 99999 is not a whole number from 0 to 65535"),
        ("demo --port 99999", "--port: 99999 is not a whole number from 1 to 65535"),
        ("demo --speed 0", "--speed: 0 is not a number from 0.01 to 1000"),
        ("demo --speed nan", "--speed: nan is not a number from 0.01 to 1000"),
        ("demo --once --live", "--live: not allowed with argument --once"),
    ],
)
def test_words_are_refused_with_option_and_range(
    capsys: pytest.CaptureFixture[str], words: str, said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("bench plant village --port moon=/dev/ttyUSB0", "moon is no bus"),
        ("bench plant village --port plant", "plant is no bus"),
        ("bench plant village --speed 2 --connect west", "needs --speed 1"),
        ("bench plant nix", "nix"),
        ("demo --live --site nix", "nix"),
        ("demo --site nix", "nix"),
    ],
)
def test_what_is_not_there_is_said_before_anything_settles(
    capsys: pytest.CaptureFixture[str], words: str, said: str
) -> None:
    assert main(words.split()) == 2
    assert said in capsys.readouterr().err


def test_a_port_that_can_not_be_had_is_said_before_anything_settles(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["bench", "plant", "village", "--port", "plant=/dev/ttyUSB99"]) == 3
    assert "plant=/dev/ttyUSB99: there is no /dev/ttyUSB99" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["bench", "plant", "village", "--api", str(port)]) == 3
    assert f"--api {port}: the port is taken" in capsys.readouterr().err


def test_reports_cannot_go_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "taken"
    file.touch()
    assert main(["bench", "run", "ordinary-day", "--out", str(file)]) == 2
    assert f"--out {file}: cannot be written: Not a directory" in capsys.readouterr().err


def test_a_demonstration_looks_at_its_port_before_it_plans(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["demo", "--site", "village", "--port", str(port)]) == 3
    shown = capsys.readouterr().err
    assert f"port {port}: is taken" in shown
    assert "planning" not in shown


def test_it_is_known_whether_anything_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not demo._is_compiled()
    (tmp_path / "physics").mkdir()
    (tmp_path / "physics" / "pipes.nbi").touch()
    assert demo._is_compiled()
