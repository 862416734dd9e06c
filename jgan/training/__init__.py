"""Training: experiments and their stages, the compiled loop, its feed and its devices."""
