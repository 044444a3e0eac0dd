"""How people name nodes: by the whole origin, or by what follows the federation's name."""

import re

from node.node import Node

_SUCCESSOR = re.compile(r"\.g[0-9]+$", re.ASCII)


def whole_origin(node: Node, text: str) -> str:
    """Return the origin that a person means by all of it or by what follows the federation's name.

    A label has no dot but that of a successor (gz.g2), a federation's name has one: another one's stays as it is.
    """
    first = text.split("/", 1)[0]
    is_whole = not text or first == node.federation.name or "." in _SUCCESSOR.sub("", first)
    return text if is_whole else f"{node.federation.name}/{text}"
