"""Pictures in the store: put, taken from where a model says, fitted, frozen."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.PngImagePlugin import PngInfo

from socialbpm.errors import DefinitionError, NotFound, TaskFailed
from socialbpm.media import Media
from socialbpm.media.pictures import fit, sniff
from socialbpm.posts import MediaLimits
from socialbpm.store import Store
from socialbpm.store.tables import media_variant
from socialbpm.testing import FakeClock

LIMITS = MediaLimits(count=4)


def picture(
    format: str = "PNG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **options: object
) -> bytes:
    """A picture whose left half is red and right half blue."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    out = BytesIO()
    image.convert(mode).save(out, format=format, **options)
    return out.getvalue()


def noisy(format: str, size: tuple[int, int], **options: object) -> bytes:
    """A picture that compresses badly."""
    out = BytesIO()
    Image.effect_noise(size, 100).convert("RGB").save(out, format=format, **options)
    return out.getvalue()


def opened(body: bytes) -> Image.Image:
    """Decode."""
    return Image.open(BytesIO(body))


@pytest.fixture
def media(tmp_path: Path) -> Iterator[Media]:
    """A media room over a real SQLite file."""
    store = Store(f"sqlite:///{tmp_path}/social.db")
    yield Media(store, FakeClock())
    store.close()


def no_files(name: str) -> bytes | None:
    """A package without files."""
    return None


def test_put_gives_a_reference_to_the_very_bytes(media: Media) -> None:
    """The same bytes have the same reference; the type is what the bytes are."""
    body = picture()
    ref = media.put(body, "image/png")
    assert ref == media.put(body)
    assert media.body(ref) == body
    assert media.type(ref) == "image/png"


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP"])
def test_four_raster_formats_are_known_by_their_bytes(format: str) -> None:
    """What a file is called or declared to be plays no part."""
    assert sniff(picture(format)) == f"image/{format.lower()}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<?xml version='1.0'?><svg/>",
        b"%PDF-1.7\n",
        b"MZ\x90\x00",
        picture("BMP"),
        picture("TIFF"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n",
    ],
    ids=["nothing", "text", "svg", "xml", "pdf", "exe", "bmp", "tiff", "eps"],
)
def test_what_is_no_such_picture_is_refused(media: Media, body: bytes) -> None:
    """SVG can hold programs, other decoders hold surprises: refused before anything decodes them."""
    with pytest.raises(DefinitionError, match="no PNG, JPEG, GIF or WebP"):
        media.put(body)


def test_a_wrong_declared_type_is_refused(media: Media) -> None:
    """A caller who is wrong about the type is told so."""
    with pytest.raises(DefinitionError, match="image/png, not image/jpeg"):
        media.put(picture(), "image/jpeg")


def test_a_picture_that_is_too_large_in_bytes_is_refused(media: Media, tmp_path: Path) -> None:
    """The cap on bytes holds before anything looks at them."""
    store = Store(f"sqlite:///{tmp_path}/other.db")
    with pytest.raises(DefinitionError, match="more than 100"):
        Media(store, FakeClock(), largest=100).put(b"x" * 101)
    store.close()


def test_a_decompression_bomb_is_refused_by_its_header() -> None:
    """A file of a few kilobytes that would take gigabytes decoded is never decoded."""
    out = BytesIO()
    Image.new("1", (9000, 9000)).save(out, format="PNG")
    bomb = out.getvalue()
    assert len(bomb) < 50_000
    with pytest.raises(DefinitionError, match="81000000 pixels"):
        sniff(bomb)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])  # a cut GIF is decoded as far as it goes
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_cut_picture_is_refused_in_words(format: str, kept: float) -> None:
    """Damage is told as damage; no decoder's exception gets out."""
    body = noisy(format, (200, 200))
    for look in (sniff, lambda cut: fit(cut, LIMITS)):
        with pytest.raises(DefinitionError, match=r"damaged|no PNG"):
            look(body[: int(len(body) * kept)])


def test_a_reference_that_is_not_there_is_told(media: Media) -> None:
    """Neither a made-up reference nor a malformed one finds anything."""
    with pytest.raises(NotFound):
        media.body("media:" + "0" * 64)
    with pytest.raises(NotFound):
        media.body("media:../../etc/passwd")


# fitting


def test_the_place_where_a_photo_was_taken_does_not_leave_with_it() -> None:
    """EXIF with GPS, maker, author and thumbnail are gone; the check finds them in the original."""
    exif = Image.Exif()
    exif[Base.Artist] = "Ada Secret"
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    before = picture("JPEG", exif=exif, comment=b"Ada Secret")
    assert b"Ada Secret" in before
    assert opened(before).getexif().get_ifd(IFD.GPSInfo)
    after = fit(before, LIMITS).body
    assert b"Ada Secret" not in after
    assert not dict(opened(after).getexif())


@pytest.mark.parametrize("format", ["PNG", "GIF", "WEBP"])
def test_no_other_format_carries_hidden_words_either(format: str) -> None:
    """PNG text, GIF comments, XMP in WebP, and whatever hangs behind the end of the file."""
    words = PngInfo()
    words.add_text("Author", "Ada Secret")
    options: dict[str, object] = {
        "PNG": {"pnginfo": words},
        "GIF": {"comment": b"Ada Secret"},
        "WEBP": {"xmp": b"<x:xmpmeta>Ada Secret</x:xmpmeta>"},
    }[format]
    before = picture(format, **options) + b"<script>Ada Secret</script>"
    assert before.count(b"Ada Secret") == 2
    assert b"Ada Secret" not in fit(before, LIMITS).body


def test_a_photo_held_sideways_stands_upright() -> None:
    """Orientation lives in the metadata that we strip, so it is carried out first."""
    exif = Image.Exif()
    exif[Base.Orientation] = 6  # to be turned clockwise to be seen upright
    turned = opened(fit(picture("JPEG", (40, 20), exif=exif), LIMITS).body)
    assert turned.size == (20, 40)
    red, _, blue = turned.getpixel((10, 2))  # the left half is now on top
    assert red > 200 > 55 > blue


def test_the_longest_edge_is_kept_to() -> None:
    """Shrunk in proportion, never enlarged."""
    assert opened(fit(picture(size=(400, 200)), MediaLimits(edge=100)).body).size == (100, 50)
    assert opened(fit(picture(size=(40, 20)), MediaLimits(edge=100)).body).size == (40, 20)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_the_limit_in_bytes_is_kept_to(format: str) -> None:
    """Quality goes first where there is any to give, then size."""
    small = fit(noisy(format, (600, 400)), MediaLimits(bytes=20_000))
    assert len(small.body) <= 20_000
    assert min(opened(small.body).size) > 32


def test_what_cannot_be_made_small_enough_is_refused() -> None:
    """Rather no picture than a blot."""
    with pytest.raises(DefinitionError, match="cannot be brought under 300 bytes"):
        fit(noisy("PNG", (600, 400)), MediaLimits(bytes=300))


def test_a_type_that_the_channel_does_not_take_becomes_one_that_it_takes() -> None:
    """Transparent goes onto white where the new type knows no transparency."""
    out = BytesIO()
    Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(out, format="PNG")
    fitted = fit(out.getvalue(), MediaLimits(types=("image/jpeg",)))
    assert fitted.type == sniff(fitted.body) == "image/jpeg"
    assert opened(fitted.body).getpixel((5, 5)) == (255, 255, 255)


def test_a_channel_without_picture_types_is_told_as_such() -> None:
    """An empty declaration is an answer too."""
    with pytest.raises(DefinitionError, match="takes no pictures"):
        fit(picture(), MediaLimits(types=()))


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
def test_a_moving_picture_still_moves(format: str) -> None:
    """All frames and their pace, at the new size."""
    frames = [Image.new("RGB", (80, 40), colour) for colour in ("red", "green", "blue")]
    out = BytesIO()
    frames[0].save(out, format=format, save_all=True, append_images=frames[1:], duration=[100, 200, 300])
    after = opened(fit(out.getvalue(), MediaLimits(edge=40)).body)
    assert (after.n_frames, after.size) == (3, (40, 20))


def test_a_film_is_no_picture() -> None:
    """Too many frames are refused by their number, before they are decoded."""
    frames = [Image.new("RGB", (1, 1), (n, 0, 0)) for n in range(201)]
    out = BytesIO()
    frames[0].save(out, format="WEBP", save_all=True, append_images=frames[1:], lossless=True)
    with pytest.raises(DefinitionError, match="201 frames"):
        sniff(out.getvalue())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_png_can_be_fitted(mode: str) -> None:
    """Scanners and drawing programs write greys, palettes, masks and 16 bits."""
    image = (
        Image.new("I", (20, 10), 40_000).convert("I;16")
        if mode == "I;16"
        else opened(picture()).convert(mode)
    )
    out = BytesIO()
    image.save(out, format="PNG")
    after = opened(fit(out.getvalue(), LIMITS).body)
    assert after.size == image.size
    if mode == "I;16":
        assert after.getpixel((5, 5)) == 40_000 // 256


def test_a_photo_of_several_pictures_shows_the_first() -> None:
    """Phones write such files (MPO) and call them JPEG; the second holds depths or a preview."""
    out = BytesIO()
    first, second = Image.new("RGB", (40, 20), "red"), Image.new("RGB", (10, 10), "blue")
    first.save(out, format="MPO", save_all=True, append_images=[second])
    assert sniff(out.getvalue()) == "image/jpeg"
    fitted = fit(out.getvalue(), LIMITS)
    assert (fitted.type, opened(fitted.body).format, opened(fitted.body).size) == (
        "image/jpeg",
        "JPEG",
        (40, 20),
    )


def test_a_print_photo_in_cmyk_can_be_fitted() -> None:
    """Newspapers send those."""
    assert opened(fit(picture("JPEG", mode="CMYK"), LIMITS).body).mode == "RGB"


# taking and freezing


def test_prepare_freezes_one_variant_for_each_set_of_limits(media: Media) -> None:
    """A second look gives the very same bytes, so that a post sent again is byte-identical."""
    ref = media.put(noisy("JPEG", (300, 200)))
    small = media.fit(media.take(ref, no_files), "A scan", MediaLimits(edge=100))
    again = media.fit(media.take(ref, no_files), "The same scan", MediaLimits(count=9, edge=100))
    large = media.fit(media.take(ref, no_files), "A scan", MediaLimits(edge=200))
    assert small.ref == again.ref != large.ref
    assert (small.alt, again.alt, small.type) == ("A scan", "The same scan", "image/jpeg")
    assert opened(media.body(small.ref)).size == (100, 67)


def test_a_frozen_variant_stays_though_the_encoder_changes(media: Media, tmp_path: Path) -> None:
    """What another version of Pillow made is what goes out: here, quite another picture."""
    ref, frozen = media.put(picture()), media.put(noisy("JPEG", (30, 30)))
    limits = sha256(f"{LIMITS.bytes}:{LIMITS.edge}:{','.join(LIMITS.types)}".encode()).hexdigest()
    store = Store(f"sqlite:///{tmp_path}/social.db")
    with store.begin() as conn:
        row = {"original": ref[6:], "limits": limits, "media": frozen[6:]}
        conn.execute(media_variant.insert().values(**row))
    store.close()
    assert media.fit(ref, "A map", LIMITS).ref == frozen


def test_a_file_of_the_package_is_taken(media: Media) -> None:
    """Whatever the model's package holds under that name."""
    files = {"img/map.png": picture()}
    assert media.body(media.take("img/map.png", files.get)) == files["img/map.png"]


@pytest.mark.parametrize(
    "src",
    [
        "/etc/passwd",
        "../x.png",
        "a/../../x.png",
        "..\\x.png",
        "C:\\x.png",
        "file:///x.png",
        "a\0.png",
        "",
        "./x.png",
    ],
)
def test_no_name_leads_out_of_the_package(media: Media, src: str) -> None:
    """Such a name is refused before anybody is asked for the file."""

    def files(name: str) -> bytes | None:
        raise AssertionError(f"asked for {name}")

    with pytest.raises(TaskFailed, match="names no file"):
        media.take(src, files)


def test_a_file_that_is_missing_fails_the_task(media: Media) -> None:
    """The BPMN error code is that of an invalid task, with the remedy in words."""
    with pytest.raises(TaskFailed, match="deploy it together") as failed:
        media.take("map.png", no_files)
    assert failed.value.code == "social.invalid"


def test_a_variant_of_nothing_fails_the_task(media: Media) -> None:
    """An original that was erased meanwhile, say."""
    for ask in (lambda ref: media.take(ref, no_files), lambda ref: media.fit(ref, "A map", LIMITS)):
        with pytest.raises(TaskFailed, match="put the picture first"):
            ask("media:" + "0" * 64)


def test_a_picture_needs_its_alt_text(media: Media) -> None:
    """Also when the text came from process data and turned out empty."""
    with pytest.raises(TaskFailed, match="no alt text"):
        media.fit(media.take(media.put(picture()), no_files), "  ", LIMITS)


def test_an_address_on_a_host_that_is_not_declared_is_refused(media: Media) -> None:
    """Nothing is even looked up."""
    with pytest.raises(TaskFailed, match="not declared"):
        media.take("https://pictures.example/x.png", no_files)
