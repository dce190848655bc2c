"""`python -m grader`, and the script `katas`."""

import sys
from pathlib import Path

from grader import called


def main() -> int:
    """Run the command line; say in one line what is not installed."""
    called.keep(sys.argv[0])
    try:
        from grader.cli import main as run
    except ModuleNotFoundError as error:
        from grader.catalogue import places

        here = "`python -m pip install -c constraints.txt -e .` in this folder installs all that is needed"
        remedy = here if places.in_checkout() else "install pytorch-katas again, with all that it needs"
        print(f"grader: {error.name} is not installed; {remedy}", file=sys.stderr)
        return 2
    return run()


if __name__ == "__main__":
    if not sys.flags.safe_path:
        # Python looks for modules in the current folder first: a `torch.py` beside a submission would be taken
        # for torch. The folder comes last instead. Processes to come find no other copy of the grader before this one.
        here, own = sys.path.pop(0), str(Path(__file__).parents[1])
        sys.path[:] = [each for each in sys.path if each == own or not Path(each, "grader").is_dir()]
        sys.path.append(here)
    sys.exit(main())
