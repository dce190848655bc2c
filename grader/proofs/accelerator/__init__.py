"""A pretended accelerator, a device of torch on which proofs run where no GPU is; learners never need it."""
