"""What the exercises are made of: checks, probes, hints, examples, and the tables that name them. Data, not program."""
