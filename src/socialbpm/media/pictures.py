"""What is in a picture's bytes, and what a channel's limits make of it. Pure: bytes in, bytes out.

A fitted picture is decoded and encoded anew, even when it is small enough: that leaves behind metadata,
hidden payloads and files that are two things at once. Only four raster formats are ever decoded; SVG is a
program.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import islice
from typing import Any

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from socialbpm.errors import DefinitionError, Problem
from socialbpm.posts import MediaLimits

DECODED = ("PNG", "JPEG", "GIF", "WEBP")
TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "GIF": "image/gif",
    "WEBP": "image/webp",
}
ENCODERS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP"}
MOVING = ("GIF", "WEBP")
PIXELS = 64_000_000  # of all frames together: bounds the memory that a small file can ask for
FRAMES = 200
PROFILE = 65_536  # bytes of a colour profile worth keeping
QUALITIES = (90, 80, 65)
SMALLEST = 64  # pixels; below that a picture shows nothing

_BROKEN = (
    *(UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning),
    *(OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, ArithmeticError),
    *(struct.error, zlib.error),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """Encoded bytes and their media type."""

    body: bytes
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frames:
    """A decoded picture: its frames without any metadata, and for how many milliseconds each is shown."""

    images: list[Image.Image]
    pace: list[int]
    profile: bytes | None

    def within(self, edge: int) -> _Frames:
        """No side longer than ``edge`` pixels; never enlarged."""
        return replace(self, images=[_shrunk(image, edge) for image in self.images])

    def encoded(self, type: str, quality: int) -> bytes:
        """As a file of that type; one that cannot move shows the first frame."""
        format, out = ENCODERS[type], BytesIO()
        first, *others = [_flat(image) for image in self.images] if format == "JPEG" else self.images
        options: dict[str, Any] = {"quality": quality} if format in ("JPEG", "WEBP") else {}
        if others and format in MOVING:
            options |= {"save_all": True, "append_images": others, "duration": self.pace, "loop": 0}
        first.save(out, format=format, icc_profile=self.profile, **options)
        return out.getvalue()


def sniff(body: bytes) -> str:
    """The media type that the bytes really are. Raises DefinitionError for all but sane raster pictures."""
    with _opened(body) as image:
        image.draft(None, (SMALLEST, SMALLEST))
        image.load()  # whoever puts a damaged picture hears of it now, not when the post is due
        return TYPES[str(image.format)]


def fit(body: bytes, limits: MediaLimits) -> Picture:
    """Upright, without metadata, of a type, an edge (pixels) and a size (bytes) within ``limits``.

    Raises DefinitionError when that cannot be done.
    """
    with _opened(body) as image:
        type = _type(image, limits)
        image.draft(None, (limits.edge, limits.edge))  # a JPEG need not be decoded larger than it will be
        frames = _frames(image, limits.edge)
    for edge in _shorter(max(frames.images[0].size)):
        smaller = frames.within(edge)
        for quality in QUALITIES if type in ("image/jpeg", "image/webp") else QUALITIES[:1]:
            encoded = smaller.encoded(type, quality)
            if len(encoded) <= limits.bytes:
                return Picture(encoded, type)
    raise _refused(f"the picture cannot be brought under {limits.bytes} bytes", "use a simpler one")


@contextmanager
def _opened(body: bytes) -> Iterator[Image.Image]:
    """Open, and judge the size from the header before anything is decoded."""
    try:
        image = Image.open(BytesIO(body), formats=DECODED)
    except _BROKEN as error:
        remedy = "save it as one of these; other files, SVG among them, are not taken"
        raise _refused("this is no PNG, JPEG, GIF or WebP picture", remedy) from error
    try:
        with image:
            _bounded(image)
            yield image
    except _BROKEN as error:
        raise _refused(f"the picture is damaged ({type(error).__name__})", "save it anew") from error


def _bounded(image: Image.Image) -> None:
    frames = _count(image)
    if frames > FRAMES:
        raise _refused(f"the picture has {frames} frames, more than {FRAMES}", "shorten it")
    pixels = image.width * image.height * frames
    if pixels > PIXELS:
        raise _refused(f"the picture has {pixels} pixels, more than {PIXELS}", "make it smaller")


def _count(image: Image.Image) -> int:
    return int(getattr(image, "n_frames", 1)) if image.format in MOVING else 1


def _frames(image: Image.Image, edge: int) -> _Frames:
    """Each made small as soon as it is decoded: several copies of a large one are what costs memory."""
    profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA", "L") else None
    images, pace = [], []
    for frame in islice(ImageSequence.Iterator(image), _count(image)):
        pace.append(int(frame.info.get("duration", 100)))
        images.append(_shrunk(_bare(ImageOps.exif_transpose(frame)), edge))
    return _Frames(images=images, pace=pace, profile=profile if profile and len(profile) <= PROFILE else None)


def _bare(image: Image.Image) -> Image.Image:
    """The pixels alone, in a mode every encoder takes: encoders copy what they find in ``info``."""
    if image.mode.startswith("I"):  # 16 bits of grey, as scanners make it: keep the upper 8
        image = image.convert("I").point(lambda grey: grey / 256)
    bare = image.convert(_mode(image))  # a copy, even if the mode is the same
    bare.info = {}
    return bare


def _mode(image: Image.Image) -> str:
    if image.mode in ("1", "L", "I", "I;16"):
        return "L"
    transparent = "A" in image.mode.upper() or "transparency" in image.info
    return "RGBA" if transparent else "RGB"


def _shrunk(image: Image.Image, edge: int) -> Image.Image:
    longest = max(image.size)
    if longest <= edge:
        return image
    width, height = (max(1, round(side * edge / longest)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)


def _flat(image: Image.Image) -> Image.Image:
    """On white, for a format that knows no transparency."""
    if image.mode != "RGBA":
        return image
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    return white.convert("RGB")


def _shorter(longest: int) -> Iterator[int]:
    edge = longest
    yield edge
    while (edge := edge * 3 // 4) >= SMALLEST:
        yield edge


def _type(image: Image.Image, limits: MediaLimits) -> str:
    """Its own if the channel takes it, else the one that loses least."""
    wished = [TYPES[str(image.format)], "image/png", "image/webp", "image/jpeg", "image/gif"]
    for type in wished:
        if type in limits.types:
            return type
    raise _refused("the channel takes no pictures", "leave the media out for this community")


def _refused(what: str, remedy: str) -> DefinitionError:
    return DefinitionError(Problem(what=what, remedy=remedy))
