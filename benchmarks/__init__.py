"""Every work beside its rivals: results are compared before anything is timed."""
