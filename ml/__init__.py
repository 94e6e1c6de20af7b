"""How numbers are made: frames and arrays in, documented results out."""
