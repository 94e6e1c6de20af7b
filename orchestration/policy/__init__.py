"""Placements and policies before they are live: preview, trace, proof, publishing and what-if."""
