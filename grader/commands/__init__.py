"""The commands, one file for each kind: what they take, what they do, which exit code they end with."""
