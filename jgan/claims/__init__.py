"""Claims: what an experiment must show, measured with its controls."""
