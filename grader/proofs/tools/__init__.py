"""What several proofs and the tests need: terminals, copies of the checkout, processes, pictures."""
