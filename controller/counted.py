"""Numbers of things, as English says them."""


def counted(count: int, thing: str) -> str:
    """Say how many there are.

    Args:
        count: How many.
        thing: One of them, of a regular plural.

    Returns:
        Such as 1 plant, 2 plants.
    """
    return f"{count} {thing if count == 1 else f'{thing}s'}"
