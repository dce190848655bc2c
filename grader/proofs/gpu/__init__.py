"""What only a GPU can show, in one run of a few minutes and one JSON."""
