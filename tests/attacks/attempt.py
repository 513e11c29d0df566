"""The first cell of every attacker: tries things, and says which worked."""

tried = 0


def attempt(what, steal):
    """Call ``steal``; if it brings anything, say GOT."""
    global tried
    tried += 1
    try:
        loot = steal()
    except BaseException as error:
        return print(f"no {what}: {type(error).__name__}"[:100])
    return print(f"GOT {what}: {loot!r:.300}" if loot else f"no {what}")
