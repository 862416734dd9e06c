"""What a game's vector field and a rule's operator say about training."""
