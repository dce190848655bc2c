"""The learner's loop: save, see, understand, go on."""
