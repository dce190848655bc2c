"""Grades submissions that cheat or do harm, among decoys."""
