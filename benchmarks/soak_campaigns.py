"""The campaigns of `make soak`: what each proves, what runs it, how long it usually takes."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A campaign: `words` go to Python; `seeds` says what makes it repeatable."""

    name: str
    proves: str
    words: tuple[str, ...]
    seeds: str
    usual_min: float

    @property
    def command(self) -> str:
        """The command as a person types it."""
        return "python " + " ".join(self.words)


# In order of the time they take: an evening's budget gets most of them.
CAMPAIGNS = (
    Campaign(
        name="drivers",
        proves="damaged frames, late replies, damaged meters, programs of others",
        words=("-m", "benchmarks.soak_drivers"),
        seeds="in the code",
        usual_min=12,
    ),
    Campaign(
        name="crashes",
        proves="an engine killed at every step of a write: nothing lost, double, unjournaled",
        words=("-m", "tests.supervisor.crashes", "--times", "200"),
        seeds="none: every step in turn",
        usual_min=15,
    ),
    Campaign(
        name="together",
        proves="two engines started together: one runs",
        words=("-m", "tests.supervisor.together", "--times", "100"),
        seeds="none",
        usual_min=15,
    ),
    Campaign(
        name="ten-years",
        proves="trend page on ten years of readings: under 0.3 s",
        words=("-m", "benchmarks.ten_years", "--points", "300", "--raw-days", "30"),
        seeds="in the code",
        usual_min=15,
    ),
    Campaign(
        name="machine",
        proves="modes, approvals, arming under random people and faults: a million steps",
        words=("-m", "tests.supervisor.machine", "--steps", "1000000"),
        seeds="from 1 on",
        usual_min=25,
    ),
    Campaign(
        name="broken-engines",
        proves="ten engines broken on purpose: each caught by the bench",
        words=("-m", "hil_tests.catch_broken_engines"),
        seeds="of the scenarios",
        usual_min=8,
    ),
    Campaign(
        name="outside-master",
        proves="somebody else's controller runs the bench's plant for a day",
        words=("-m", "hil_tests.outside_master", "--out", "out/outside-master"),
        seeds="of the scenario",
        usual_min=2,
    ),
    Campaign(
        name="winters-short",
        proves="winters of two cold days with faults: every case below",
        words=("-m", "hil_tests.winters", "--days", "2", "--winters", "12"),
        seeds="the commit's hash",
        usual_min=60,
    ),
    Campaign(
        name="commands",
        proves="a million commands under faults: none wrong, double or unjournaled",
        words=("-m", "tests.trust.commands", "--commands", "1000000", "--folder", "/dev/shm"),
        seeds="1 to 10",
        usual_min=45,
    ),
    Campaign(
        name="memory-hour",
        proves="an hour in real time on a paced wire with faults: memory stays, no cycle missed",
        words=("-m", "benchmarks.soak_memory", "benchmarks/memory-hour.toml", "--speed", "1"),
        seeds="of the scenario",
        usual_min=62,
    ),
    Campaign(
        name="memory-days",
        proves="30 days in lockstep, planned hourly, with faults: memory stays, no cycle missed",
        words=(
            *("-m", "benchmarks.soak_memory", "benchmarks/memory-days.toml"),
            *("--each-h", "24", "--warm-h", "48", "--every-min", "60"),
        ),
        seeds="of the scenario",
        usual_min=180,
    ),
    Campaign(
        name="scenarios",
        proves="every scenario of the bench",
        words=("-m", "controller.cli", "bench", "run", "--all", "--out", "out/bench-report"),
        seeds="of the scenarios",
        usual_min=600,
    ),
    Campaign(
        name="winters",
        proves="200 winters of 14 cold days: no limit passed, no flat colder than by the curve",
        words=("-m", "hil_tests.winters", "--days", "14", "--winters", "200"),
        seeds="the commit's hash",
        usual_min=6000,
    ),
)
