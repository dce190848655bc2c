"""Grades right answers as learners hand them in: with everything odd that is neither a mistake nor cheating."""
