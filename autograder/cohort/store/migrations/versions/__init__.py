"""One module per step, in the order that they name themselves."""
