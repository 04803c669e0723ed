"""Make the README's screenshot: the demonstration's report in a headless browser.

python -m benchmarks.screenshot_report plan.html docs/img/report.png
"""

import argparse
import subprocess
import tempfile
from pathlib import Path


def main() -> None:
    """Open a report and write what a visitor sees first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--language", choices=("zh", "en"), default="en")
    arguments = parser.parse_args()
    page = arguments.report.read_text(encoding="utf-8").replace('id="zh" checked', 'id="zh"')
    page = page.replace(f'id="{arguments.language}"', f'id="{arguments.language}" checked')
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "report.html"
        copy.write_text(page, encoding="utf-8")
        subprocess.run(
            [
                "chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--hide-scrollbars",
                f"--user-data-dir={folder}/profile",
                f"--screenshot={arguments.picture.resolve()}",
                "--window-size=1180,1500",
                copy.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


if __name__ == "__main__":
    main()
