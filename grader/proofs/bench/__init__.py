"""Measures how fast a verdict is and how much memory it takes."""
