"""Small helpers. This package imports nothing: its modules sit in several layers."""
