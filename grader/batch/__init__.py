"""Grades a class: who handed in what, a plan, engines that carry it out, and what each student gets for it."""
