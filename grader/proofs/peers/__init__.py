"""Other graders beside this one: the same submissions through all of them, in one run."""
