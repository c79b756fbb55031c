"""`python -m localhost`."""

import os
import sys

from localhost.cli import main

if __name__ == "__main__":
    code = main()
    # As on Azure, the app gets no word of the end and leaves its connections open; while Python
    # takes itself down, they would complain on the console. All that must survive has survived.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
