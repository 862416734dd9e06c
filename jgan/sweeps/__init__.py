"""Sweeps: populations of trainings over settings and seeds, in one resumable directory."""
