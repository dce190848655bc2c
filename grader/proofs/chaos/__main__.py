"""`python -m grader.proofs.chaos`."""

import sys

from grader.proofs.chaos.runner import main

if __name__ == "__main__":
    sys.exit(main())
