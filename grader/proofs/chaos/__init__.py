"""Kills, fills, locks and renames while the grader works, and looks at what is lost or left."""
