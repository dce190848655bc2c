"""Modules that are loaded ahead of a submission because what they load takes long; probes may import these alone."""
