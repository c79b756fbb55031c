"""Write down which options the commands of the pages for operators have, from the real Azure CLI.

    python -m venv /tmp/azure-cli && /tmp/azure-cli/bin/pip install azure-cli
    python -m tests.infra.azure_cli.record /tmp/azure-cli/bin/az

asks that CLI for the help of each command, which needs no account, and writes commands.json.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.infra.azure_cli.pages import COMMANDS, commands

OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")


def options(az: str, command: str) -> list[str]:
    """Return all names of options in the help of a command. Raises CalledProcessError if it is none."""
    done = subprocess.run(
        [az, *command.split(), "--help"], capture_output=True, text=True, check=True
    )
    return sorted(set(OPTION.findall(done.stdout.partition("\nExamples\n")[0])))


def main() -> None:
    """Record every command that a page names."""
    found = {each: options(sys.argv[1], each) for each in sorted({name for name, _ in commands()})}
    version = subprocess.run(
        [sys.argv[1], "version", "--output", "json"], capture_output=True, text=True, check=True
    )
    recorded = {"azure-cli": json.loads(version.stdout)["azure-cli"], "commands": found}
    Path(COMMANDS).write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
