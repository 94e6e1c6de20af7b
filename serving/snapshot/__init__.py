"""Immutable, versioned snapshots: writer, reader, pointer and the checks between them."""
