"""`python -m grader.proofs.hostile`."""

import sys

from grader.proofs.hostile.runner import main

if __name__ == "__main__":
    sys.exit(main())
