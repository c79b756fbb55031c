"""What the app tells whoever runs it: a line and a count per decision, and spans between them."""
