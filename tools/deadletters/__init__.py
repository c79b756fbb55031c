"""Dead letters: list them, look at them, put them through the intake again, drop them."""
