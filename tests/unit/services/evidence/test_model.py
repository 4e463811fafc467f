"""A file is what is in it, and a photo is kept without what it tells besides the picture."""

from __future__ import annotations

import io
import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from av import CodecContext, VideoFrame
from hypothesis import given
from hypothesis import strategies as st

from services.evidence.model import FileKind, NoEvidence, cleaned, kind_of, shown_name

PLACE = b"GPSLatitude 22.5431 N"
PICTURE = b"\xff\xdb\x00\x04\x00\x01\xff\xda\x00\x02\x12\x34\xff\x00\x56\xff\xd9"


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def exif(turned: int, order: str = ">") -> bytes:
    head = b"MM\0*" if order == ">" else b"II*\0"
    tags = struct.pack(f"{order}HHHIHHI", 1, 0x0112, 3, 1, turned, 0, 0)
    return b"Exif\0\0" + head + struct.pack(f"{order}I", 8) + tags + PLACE


def jpeg(*segments: bytes) -> bytes:
    return b"\xff\xd8" + segment(0xE0, b"JFIF\0") + b"".join(segments) + PICTURE


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + b"sum!"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("turned", range(1, 9))
def test_a_photo_keeps_which_way_is_up_and_nothing_else_that_it_says(turned: int, order: str) -> None:
    told = jpeg(segment(0xE1, exif(turned, order)), segment(0xE1, b"http://ns.adobe.com/xap/ " + PLACE), segment(0xFE, PLACE))
    kind, kept = cleaned(told)
    assert (kind, PLACE in kept, kept.endswith(PICTURE)) == (FileKind.JPEG, False, True)
    assert cleaned(kept) == (kind, kept)
    assert len(kept) == len(jpeg()) + (36 if turned > 1 else 0)


def test_what_follows_a_photos_end_goes_a_second_photo_and_a_film_too() -> None:
    second = jpeg(segment(0xE1, exif(1)))
    assert cleaned(jpeg() + second + b"ftypmp42" + PLACE) == (FileKind.JPEG, jpeg())


def test_a_photo_of_several_scans_keeps_them_and_nothing_that_is_said_between_them() -> None:
    scan = segment(0xDA, b"") + b"\x12\xff\x00\xff\xd3\x34"
    whole = b"\xff\xd8" + scan + segment(0xC4, b"table") + scan
    assert cleaned(whole + b"\xff\xd9" + PLACE)[1] == whole + b"\xff\xd9"
    assert cleaned(whole)[1] == whole
    assert cleaned(b"\xff\xd8" + scan + segment(0xFE, PLACE) + segment(0xE1, PLACE) + scan)[1] == b"\xff\xd8" + scan + scan


def test_a_scan_is_as_long_as_it_is() -> None:
    for length in (999_999, 1_000_000, 1_000_001, 2_000_001):
        photo = b"\xff\xd8" + segment(0xDA, b"") + b"x" * length + b"\xff\xd9"
        assert cleaned(photo + PLACE)[1] == photo


@pytest.mark.parametrize("content", [b"\xff\xd8" + b"\xff\xd0" * 1_000_000, b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", b"") * 100_000])
def test_a_file_of_a_million_parts_is_none(content: bytes) -> None:
    with pytest.raises(NoEvidence, match="parts"):
        cleaned(content)


def test_a_drawing_keeps_its_picture() -> None:
    begun = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"1234")
    told = begun + chunk(b"eXIf", PLACE) + chunk(b"tEXt", PLACE) + chunk(b"IDAT", b"pixels") + chunk(b"IEND", b"") + PLACE
    assert cleaned(told) == (FileKind.PNG, begun + chunk(b"IDAT", b"pixels") + chunk(b"IEND", b""))


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<svg onload=alert(1)>", b"MZ", b"PK\x03\x04", b"#!/bin/sh", b" %PDF-1.7"])
def test_what_is_none_of_them_is_not_taken_whatever_it_is_called(content: bytes) -> None:
    with pytest.raises(NoEvidence):
        kind_of(content)


@given(st.binary(max_size=200), st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]), st.integers(0, 80))
def test_whatever_is_sent_it_is_a_file_or_none(more: bytes, head: bytes, cut: int) -> None:
    for content in (head + more, (jpeg(segment(0xE1, exif(6))) + more)[: 3 + cut]):
        try:
            kind, kept = cleaned(content)
        except NoEvidence:
            continue
        assert cleaned(kept) == (kind, kept)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\机房 (1).jpg", "机房 (1).jpg"),
        ('a"; filename="b\r\nX: y.pdf', "a_ filename_b_X_ y.pdf"),
        ("...", ""),
        ("长" * 300, "长" * 120),
    ],
)
def test_a_name_is_shown_and_no_more(name: str, shown: str) -> None:
    assert shown_name(name) == shown


def test_a_real_picture_stays_one() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (32, 48, 3), dtype=np.uint8)
    codec = CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = 48, 32, "yuvj420p", Fraction(1)
    frame = VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuvj420p")
    drawn = b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])
    kind, kept = cleaned(drawn[:2] + segment(0xE1, exif(6)) + drawn[2:])
    assert (kind, PLACE in kept) == (FileKind.JPEG, False)
    with av.open(io.BytesIO(kept), format="mjpeg") as file:
        (seen,) = file.decode(video=0)
        assert (seen.width, seen.height) == (48, 32)
