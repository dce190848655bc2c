"""Where and how two results differ: facts in words, and a small picture. Knows numpy alone; asked on failure only."""
