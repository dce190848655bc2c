"""Practice of what was understood: questions about sessions, exercises once more, and where a learner stands."""
