"""A company full of identity hard cases, with the truth beside it: who is really behind every identifier."""
