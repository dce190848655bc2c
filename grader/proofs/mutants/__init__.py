"""Changes solutions automatically, one place at a time; the checks must notice each change."""
