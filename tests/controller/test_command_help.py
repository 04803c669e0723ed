"""Every command shows examples, and every example is one that the command line takes."""

import argparse
import shlex

import pytest

from controller.cli import available_commands, build_parser

NAMES = sorted(available_commands())
SHELL = ("|", "<", ">", ";", "&&")


def help_of(name: str) -> str:
    parser = build_parser(name)
    (commands,) = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
    return str(commands.choices[name].format_help())


def examples(name: str) -> list[list[str]]:
    """The words of each example; what the shell does with them is left out."""
    text = help_of(name).partition("examples:")[2].replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    found = []
    for line in lines:
        if not line.startswith("heatwarden "):
            continue
        words = shlex.split(line, comments=True)[1:]
        end = next((i for i, word in enumerate(words) if word in SHELL), len(words))
        found.append(words[:end])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_examples_that_it_takes(name: str) -> None:
    shown = examples(name)
    assert name in {words[0] for words in shown}, f"heatwarden {name} --help shows no examples"
    for words in shown:  # some show what to do next, too
        build_parser(words[0]).parse_args(words)
