"""What a learner's commands show, as rich renderables."""
