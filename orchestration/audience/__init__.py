"""Audiences for mail, text messages and advertising: who is in a segment, may be reached, and under which id."""
