"""The words of a study on a command line; `controller.study` reads them."""

import argparse


def add_study_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the words of a study.

    Args:
        parser: A command's parser.
    """
    group = parser.add_argument_group("what if", "on a copy; the site's files stay as they are")
    group.add_argument(
        *("--set", "-s"),
        dest="changed",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="limits.max_makeup_m3_h=30, plant.P1.max_heat_mw=20, pipes.P7.max_pressure_bar=6, ..",
    )
    group.add_argument(
        "--without-pipe", action="append", default=[], metavar="ID", help="a pipe out of service"
    )
    group.add_argument(
        "--retrofit",
        action="append",
        default=[],
        metavar="BUILDING=FACTOR",
        help="what remains of a building's heat loss, such as B12=0.7",
    )
    group.add_argument(
        "--weather-shift", default="0", metavar="K", help="makes the forecast colder or milder"
    )
    group.add_argument(
        "--lost-boiler",
        action="append",
        default=[],
        metavar="[PLANT=]MW",
        help="capacity that is out; the largest plant's if none is named",
    )
