"""`python -m model [--trace] [NAME ...]`: check that TLC finds what each configuration says."""

import argparse
import subprocess
import sys
from time import monotonic

from model import java, tlc
from model.expectation import all_expectations


def main() -> int:
    """Check all configurations, or those named; return 1 when one is not as expected."""
    expectations = all_expectations()
    parser = argparse.ArgumentParser(prog="python -m model", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a file of configs/, limits/ or twins/"
    )
    parser.add_argument("--trace", action="store_true", help="show how a promise gets broken")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {each.name for each in expectations}
    if unknown:
        parser.error(f"no configuration {', '.join(sorted(unknown))}")
    runtime = java.find_or_install()
    wrong = 0
    for each in expectations:
        if arguments.names and each.name not in arguments.names:
            continue
        began = monotonic()
        try:
            result = tlc.run(runtime, each)
        except subprocess.TimeoutExpired as error:
            result = tlc.Result(None, None, str(error))
        good = result.is_as(each)
        wrong += not good
        line = f"{'ok   ' if good else 'WRONG'} {each.name:22} {result!s:34}"
        sys.stdout.write(f"{line} {monotonic() - began:5.1f} s\n")
        if not good:
            sys.stdout.write(f"      expected: {each}\n{result.output}\n")
        elif arguments.trace and result.broken:
            sys.stdout.write(f"{result.output}\n")
        sys.stdout.flush()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
