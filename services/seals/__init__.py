"""Keeps proof that nobody changed what is append-only: chains of hashes, anchors over them, and their verification."""
