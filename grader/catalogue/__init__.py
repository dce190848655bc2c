"""Which exercises there are, and what is said about them: read from the curriculum, judged nowhere."""
