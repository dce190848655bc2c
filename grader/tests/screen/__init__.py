"""What `watch` and the terminal draw."""
