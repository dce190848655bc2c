"""Autograders of other systems: what each is given to install, how it grades there, and what it is told."""
