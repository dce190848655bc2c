"""What a learner does beside grading: watch, compare, look at examples."""
