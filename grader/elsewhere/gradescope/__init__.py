"""Gradescope: the zip that an assignment is given, and the folders in which it grades.

The contract is Gradescope's "Autograder Specifications" (gradescope-autograders.readthedocs.io).
"""
