"""Systems: one GAN a file, each a function that returns a `jgan.game.Game`."""
