"""What starts processes: graders and their children, commands, proofs."""
