"""Keeps how each person has their lists: which columns, and the views they saved."""
