"""`python -m grader.proofs.oddities`."""

import sys

from grader.proofs.oddities.runner import main

if __name__ == "__main__":
    sys.exit(main())
