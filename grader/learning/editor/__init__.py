"""The learner's own editor: which one it is, how it is told a line, and how it is opened."""
