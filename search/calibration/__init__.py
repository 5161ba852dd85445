"""How sure a hit is: a probability for each route's scores, and the floor below which a hit is not shown."""
