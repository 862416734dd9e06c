"""Training: experiments and their claims, the compiled loop, run directories, checkpoints."""
