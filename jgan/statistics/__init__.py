"""Statistics of comparisons between trainings: intervals, ranks, improvements, the best of several settings."""
