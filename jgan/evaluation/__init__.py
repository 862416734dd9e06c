"""Measuring what a model learned: metrics of samples, of runs and of folders, by which protocol."""
