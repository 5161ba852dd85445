"""What shoppers searched and did: recorded, kept for a time, erased on request, and turned into figures and training words."""
