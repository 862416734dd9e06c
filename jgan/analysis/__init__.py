"""Looking into a trained generator: inversion, inpainting, dissection, neighbours. Pure functions."""
