"""The life of experiments and what comes of them: assignment, units, results, ramps, reports."""
