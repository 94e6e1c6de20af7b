"""Whether a day of a source looks like the days before it: volume, mix, shares, clocks."""
