"""Order and names of the documentation's folders; their pages are found by MkDocs itself."""

from typing import Any

FOLDERS = {
    "Tutorial": "Tutorial",
    "Howto": "How-to guides",
    "Reference": "Reference",
    "Explanation": "Explanation",
}


def on_nav(nav: Any, **_: Any) -> Any:
    """Put the start page first, then the folders as a newcomer meets them."""
    order = list(FOLDERS)
    nav.items.sort(key=lambda item: order.index(item.title) if item.title in FOLDERS else -1)
    for item in nav.items:
        if item.is_section:
            item.title = FOLDERS.get(item.title, item.title)
    return nav
