"""The words of a check: what it expects of what was seen, when values count as equal, and how both are told."""
