"""Tables and figures of finished sweeps: members as outcomes, what is alike, choice and report, formats."""
