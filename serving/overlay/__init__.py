"""The live overlay: what happened since the snapshot, shared by all workers of a machine."""
