"""What answers in milliseconds: one function or class at a time, in this process alone."""
