"""The admin's playground: a search as shoppers ask it, explained hit by hit, two ways side by side, judged and kept."""
