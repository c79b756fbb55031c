"""What the app tells its operators: a line and a count per decision, and spans between them."""
