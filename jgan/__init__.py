"""Generative adversarial networks as differentiable games."""
