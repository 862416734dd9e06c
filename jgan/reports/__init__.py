"""Static reports of runs and sweeps: from what they left on disk to one HTML file."""
