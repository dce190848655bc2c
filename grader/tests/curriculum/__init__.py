"""What every exercise must have: its files, stubs, checks, answers and examples."""
