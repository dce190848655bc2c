"""What is kept of a learner on this machine: the attempts and the files."""
