"""`python -m grader`."""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:
        # Python looks for modules in the current folder first: a `torch.py` beside a submission would be taken
        # for torch. The folder comes last instead.
        sys.path.append(sys.path.pop(0))
    try:
        from grader.cli import main
    except ModuleNotFoundError as error:
        install = "python -m pip install -c constraints.txt -e ."
        said = f"grader: {error.name} is not installed; `{install}` in this folder installs all that is needed"
        print(said, file=sys.stderr)
        sys.exit(2)
    sys.exit(main())
