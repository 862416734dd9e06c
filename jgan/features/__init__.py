"""Feature extractors as pure functions: published networks, and what they do to an image first."""
