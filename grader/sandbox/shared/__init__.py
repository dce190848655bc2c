"""What both sides of the sandbox have agreed on."""
