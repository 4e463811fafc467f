"""Finds a face with Chinese characters for documents: WenQuanYi Micro Hei from the distribution's package (1.6 MB; needs no
root), else one that the machine has.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from services.hosted.debian import PackageSource, PackagesUnavailable, Progress, Unpacked, unpacked

PACKAGE = "fonts-wqy-microhei"
KEPT = ("usr/share/fonts/truetype/wqy/wqy-microhei.ttc", "usr/share/doc/fonts-wqy-microhei/copyright")
OWN = Path("/usr/share/fonts")
OTHERS = ("wqy-microhei.ttc", "wqy-zenhei.ttc", "NotoSansCJK-Regular.ttc", "DroidSansFallbackFull.ttf")
"""What a machine may have, the best first; ``paper.typ`` names the same faces."""


async def find_font(*, source: PackageSource, cache: Path, progress: Progress) -> Path:
    """The folder that holds it. Raises PackagesUnavailable."""
    try:
        prefix = await unpacked((PACKAGE,), kept=KEPT, source=source, cache=cache, slim=_slim, progress=progress)
    except PackagesUnavailable:
        if found := own_font():
            return found
        raise
    return (prefix.prefix / KEPT[0]).parent


def own_font() -> Path | None:
    """The folder of a face that this machine has; None without one."""
    return next((found.parent for name in OTHERS for found in sorted(OWN.rglob(name))), None)


def _slim(full: Unpacked, target: Path) -> None:
    for name in KEPT:
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(full.prefix / name, place)
