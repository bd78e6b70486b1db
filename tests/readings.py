"""A reading's states as plain mappings, to compare whole readings with."""


def arrays(reading):
    """Every pooled and token array of a reading, by (slug, name)."""
    return {
        (slug, name): array
        for slug, states in reading.states.items()
        for name in ("pooled", "tokens")
        if (array := getattr(states, name)) is not None
    }


def tokens(reading):
    """The kept tokens by slug."""
    return {slug: array for (slug, name), array in arrays(reading).items() if name == "tokens"}


def grids(reading):
    """The grids of sites with tokens, by slug."""
    return {slug: states.grid for slug, states in reading.states.items() if states.grid is not None}
