"""The trusted side: runs the hidden checks in this process and the submission in another."""
