"""The algebra of two-dimensional convolution: fast inside compiled loops, differentiable to any order."""
