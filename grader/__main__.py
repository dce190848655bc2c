"""`python -m grader`, and the script `katas`."""

import sys

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
        # for torch. The folder comes last instead.
        sys.path.append(sys.path.pop(0))
    sys.exit(main())
