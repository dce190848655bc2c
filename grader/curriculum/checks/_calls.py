"""What the checks of 16 and 17 share: telling which parts of a module were run past their hooks."""


def forwards_skipped(counts):
    """Say whose forward was called directly, given how often it was, by name; the module itself has no name."""
    return "direct calls to " + ", ".join(f"{name or 'the module'}.forward" for name, times in counts.items() if times)
