"""Processes (to come)."""
