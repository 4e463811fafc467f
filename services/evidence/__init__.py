"""Keeps what departments hand in with their answers: photos and PDF."""
