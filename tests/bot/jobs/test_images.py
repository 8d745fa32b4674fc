import struct
import time
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.jobs.images import (
    CheckedImage,
    ImageLimits,
    ImageNote,
    ImageProblem,
    ImageRefusedError,
    check_input_image,
    inspect_output,
    preview_jpeg,
)
from tests.support import pictures

LIMITS = ImageLimits()
RED, GREEN, BLUE, WHITE = (220, 20, 20), (20, 200, 20), (20, 20, 220), (250, 250, 250)


def check(body: bytes, limits: ImageLimits = LIMITS) -> CheckedImage:
    """The accepted picture, once what it promises about itself has been compared with its bytes."""
    checked = check_input_image(body, limits)
    picture = pictures.opened(checked.body)
    assert picture.size == (checked.width, checked.height)
    assert picture.get_format_mimetype() == checked.content_type
    assert checked.changed == (checked.body is not body)
    assert pictures.CAMERA.encode() not in checked.body
    assert not picture.getexif()
    return checked


def refusal(body: bytes, limits: ImageLimits = LIMITS) -> ImageRefusedError:
    with pytest.raises(ImageRefusedError) as caught:
        check_input_image(body, limits)
    return caught.value


def corners(body: bytes) -> list[tuple[int, ...]]:
    """Colours near the corners: top left, top right, bottom left, bottom right."""
    picture = pictures.opened(body).convert("RGB")
    right, bottom = picture.width - 9, picture.height - 9
    return [picture.getpixel(at) for at in ((8, 8), (right, 8), (8, bottom), (right, bottom))]


def assert_colours(found: list[tuple[int, ...]], expected: list[tuple[int, ...]], tolerance: int = 12) -> None:
    for got, want in zip(found, expected, strict=True):
        assert all(abs(a - b) <= tolerance for a, b in zip(got, want, strict=True)), f"{found} is not {expected}"


def png_of_header(header: bytes) -> bytes:
    chunk = pictures.png_chunk
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"?") + chunk(b"IEND", b"")


class TestJpeg:
    @pytest.mark.parametrize(
        "body",
        [
            pictures.photo(),
            pictures.jpeg(progressive=True),
            pictures.jpeg(comment=b"hello", icc_profile=pictures.icc_profile()),
            pictures.jpeg(restart_marker_blocks=3),
        ],
        ids=["as telegram sends it", "progressive", "comment and profile", "restart markers"],
    )
    def test_without_metadata_passes_as_the_very_same_bytes(self, body):
        checked = check(body)
        assert checked.body is body
        assert not checked.changed
        assert checked.notes == ()
        assert (checked.content_type, checked.extension) == ("image/jpeg", "jpg")

    def test_as_telegram_sends_it_costs_well_under_a_millisecond(self):
        body = pictures.photo()
        check_input_image(body, LIMITS)
        costs = []
        for _ in range(20):
            begin = time.thread_time()
            check_input_image(body, LIMITS)
            costs.append(time.thread_time() - begin)
        assert min(costs) < 0.001  # measured: 0.12 ms; decoding alone would take 7.5 ms

    def test_metadata_is_cut_out_without_touching_a_pixel(self):
        body = pictures.jpeg_with_metadata(icc_profile=pictures.icc_profile())
        checked = check(body)
        assert checked.notes == (ImageNote.METADATA_REMOVED,)
        assert pictures.opened(checked.body).tobytes() == pictures.opened(body).tobytes()

    def test_comment_profile_and_jfif_survive_the_cut(self):
        profile = pictures.icc_profile()  # each one made carries the time
        checked = check(pictures.jpeg_with_metadata(icc_profile=profile))
        info = pictures.opened(checked.body).info
        assert info["comment"] == b"kept"
        assert info["icc_profile"] == profile
        assert "jfif" in info

    def test_what_follows_the_end_of_the_image_is_cut_off(self):
        still = pictures.jpeg()
        checked = check(still + b"\0\0\0\x18ftypmp42" + pictures.CAMERA.encode())
        assert checked.body == still

    def test_second_picture_behind_the_first_is_cut_off(self):
        assert check(pictures.jpeg() + pictures.jpeg_with_metadata()).body == pictures.jpeg()

    @pytest.mark.parametrize(
        ("orientation", "expected"),
        [
            (2, [GREEN, RED, WHITE, BLUE]),
            (3, [WHITE, BLUE, GREEN, RED]),
            (4, [BLUE, WHITE, RED, GREEN]),
            (5, [RED, BLUE, GREEN, WHITE]),
            (6, [BLUE, RED, WHITE, GREEN]),
            (7, [WHITE, GREEN, BLUE, RED]),
            (8, [GREEN, WHITE, RED, BLUE]),
        ],
    )
    def test_orientation_is_applied_to_the_pixels(self, orientation, expected):
        checked = check(pictures.exif_rotated_jpeg(640, 480, orientation))
        assert_colours(corners(checked.body), expected)
        assert (checked.width, checked.height) == ((480, 640) if orientation >= 5 else (640, 480))
        assert ImageNote.ROTATED in checked.notes

    @pytest.mark.parametrize("orientation", [0, 9, 65535])
    def test_orientation_out_of_range_is_ignored(self, orientation):
        assert check(pictures.exif_rotated_jpeg(orientation=orientation)).notes == (ImageNote.METADATA_REMOVED,)

    def test_broken_exif_does_not_spoil_the_picture(self):
        body = pictures.jpeg(exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
        assert check(body).notes == (ImageNote.METADATA_REMOVED,)

    def test_cmyk_becomes_rgb_with_the_same_colours(self):
        checked = check(pictures.cmyk_jpeg())
        assert pictures.opened(checked.body).mode == "RGB"
        assert_colours(corners(checked.body), [RED, GREEN, BLUE, WHITE])
        assert ImageNote.CONVERTED_FROM_JPEG in checked.notes

    def test_grey_passes(self):
        body = pictures.saved(pictures.canvas(mode="L"), "JPEG")
        assert check(body).body is body

    @pytest.mark.parametrize("marker", [0xC3, 0xC9], ids=["lossless", "arithmetic"])
    def test_coding_that_no_model_reads_is_refused(self, marker):
        body = pictures.jpeg().replace(b"\xff\xc0", bytes([0xFF, marker]), 1)
        assert refusal(body).code is ImageProblem.UNSUPPORTED_FORMAT

    def test_without_a_frame_is_no_image(self):
        assert refusal(b"\xff\xd8\xff\xfe\0\x02\xff\xd9").code is ImageProblem.NOT_AN_IMAGE

    def test_with_a_second_frame_header_is_no_image(self):
        body = pictures.jpeg()
        at = body.index(b"\xff\xc0")
        length = 2 + int.from_bytes(body[at + 2 : at + 4], "big")
        assert refusal(body[:at] + body[at : at + length] + body[at:]).code is ImageProblem.NOT_AN_IMAGE

    def test_scan_flood_is_refused(self):
        body = pictures.jpeg()
        scan = body[body.index(b"\xff\xda") : -2]
        assert refusal(body[:-2] + 101 * scan[:20] + b"\xff\xd9").code is ImageProblem.UNSUPPORTED_FORMAT

    def test_segment_flood_is_refused(self):
        body = pictures.jpeg()
        assert refusal(body[:2] + 6000 * b"\xff\xfe\0\x02" + body[2:]).code is ImageProblem.UNSUPPORTED_FORMAT


class TestPngAndWebp:
    @pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
    def test_plain_png_passes_as_the_very_same_bytes(self, mode):
        body = pictures.png(mode=mode)
        checked = check(body)
        assert checked.body is body
        assert (checked.content_type, checked.extension, checked.notes) == ("image/png", "png", ())

    @pytest.mark.parametrize("options", [{}, {"lossless": True}, {"mode": "RGBA"}], ids=str)
    def test_plain_webp_passes_as_the_very_same_bytes(self, options):
        body = pictures.webp(**options)
        checked = check(body)
        assert checked.body is body
        assert (checked.content_type, checked.extension, checked.notes) == ("image/webp", "webp", ())

    @pytest.mark.parametrize("make", [pictures.png_with_metadata, pictures.webp_with_metadata])
    def test_metadata_is_cut_out_without_touching_a_pixel(self, make):
        checked = check(make())
        assert checked.notes == (ImageNote.METADATA_REMOVED,)
        assert pictures.opened(checked.body).tobytes() == pictures.opened(make()).tobytes()

    @pytest.mark.parametrize("make", [pictures.png_with_metadata, pictures.webp_with_metadata])
    def test_orientation_is_applied_to_the_pixels(self, make):
        checked = check(make(640, 480, orientation=6))
        assert_colours(corners(checked.body), [BLUE, RED, WHITE, GREEN])
        assert (checked.width, checked.height) == (480, 640)

    def test_animated_png_becomes_its_first_frame_without_re_encoding(self):
        checked = check(pictures.animated_png())
        assert ImageNote.FIRST_FRAME in checked.notes
        assert checked.content_type == "image/png"
        assert_colours(corners(checked.body), [RED, GREEN, BLUE, WHITE], tolerance=0)

    def test_animated_webp_becomes_its_first_frame(self):
        checked = check(pictures.animated_webp())
        assert {ImageNote.FIRST_FRAME, ImageNote.CONVERTED_FROM_WEBP} <= set(checked.notes)
        assert_colours(corners(checked.body), [RED, GREEN, BLUE, WHITE])

    @pytest.mark.parametrize("mode", ["P", "1", "LA"])
    def test_unusual_png_modes_are_converted(self, mode):
        checked = check(pictures.png(mode=mode))
        assert checked.content_type == "image/jpeg"
        assert ImageNote.CONVERTED_FROM_PNG in checked.notes

    def test_palette_with_a_transparent_colour_becomes_a_png_with_alpha(self):
        body = pictures.png(mode="P", transparency=pictures.canvas(mode="P").getpixel((0, 0)))
        picture = pictures.opened(check(body).body)
        assert picture.mode == "RGBA"
        assert picture.getpixel((0, 0))[3] == 0

    def test_sixteen_bits_are_scaled_to_eight_and_not_clipped(self):
        picture = pictures.opened(check(pictures.png_16_bit()).body)
        assert picture.convert("L").getpixel((10, 10)) == pytest.approx(128, abs=2)

    def test_corrupt_pixels_of_a_png_are_no_image(self):
        body = bytearray(pictures.png())
        body[body.index(b"IDAT") + 8] ^= 0xFF
        assert refusal(bytes(body)).code in {ImageProblem.NOT_AN_IMAGE, ImageProblem.TRUNCATED}

    def test_png_with_an_unknown_critical_chunk_is_unsupported(self):
        body = pictures.png()
        assert refusal(body[:33] + pictures.png_chunk(b"CgBI", b"\0\0\0\0") + body[33:]).code == "unsupported_format"

    @pytest.mark.parametrize(
        "body",
        [png_of_header(b"\0" * 12), png_of_header(struct.pack(">IIBBBBB", 64, 64, 77, 9, 0, 0, 0))],
        ids=["short header", "depth that does not exist"],
    )
    def test_png_with_a_nonsense_header_is_no_image(self, body):
        assert refusal(body).code is ImageProblem.NOT_AN_IMAGE

    def test_text_bomb_in_a_png_is_dropped_unread(self):
        bomb = pictures.png_chunk(b"zTXt", b"x\0\0" + bytes(5_000_000))
        body = pictures.png()
        assert check(body[:33] + bomb + body[33:]).body == body

    def test_webp_with_a_nonsense_bitstream_is_no_image(self):
        body = bytearray(pictures.webp(lossless=True))
        body[20] = 0
        assert refusal(bytes(body)).code is ImageProblem.NOT_AN_IMAGE


class TestConverted:
    @pytest.mark.parametrize(
        ("make", "note"),
        [
            (pictures.heic, ImageNote.CONVERTED_FROM_HEIC),
            (pictures.gif, ImageNote.CONVERTED_FROM_GIF),
            (pictures.bmp, ImageNote.CONVERTED_FROM_BMP),
            (lambda: pictures.bmp(mode="P"), ImageNote.CONVERTED_FROM_BMP),
            (pictures.tiff, ImageNote.CONVERTED_FROM_TIFF),
            (lambda: pictures.tiff(compression="tiff_lzw"), ImageNote.CONVERTED_FROM_TIFF),
            (lambda: pictures.tiff(compression="jpeg"), ImageNote.CONVERTED_FROM_TIFF),
            (lambda: pictures.tiff(mode="CMYK"), ImageNote.CONVERTED_FROM_TIFF),
        ],
        ids=["heic", "gif", "bmp", "bmp palette", "tiff", "tiff lzw", "tiff jpeg", "tiff cmyk"],
    )
    def test_other_formats_become_jpeg(self, make, note):
        checked = check(make())
        assert note in checked.notes
        assert checked.content_type == "image/jpeg"
        assert_colours(corners(checked.body), [RED, GREEN, BLUE, WHITE], tolerance=30)

    def test_animated_gif_becomes_its_first_frame(self):
        checked = check(pictures.animated_gif())
        assert ImageNote.FIRST_FRAME in checked.notes
        assert_colours(corners(checked.body), [RED, GREEN, BLUE, WHITE])

    def test_animated_gif_cut_off_in_a_later_frame_still_has_its_first(self):
        assert check(pictures.truncated(pictures.animated_gif(), 0.9)).width == 640

    def test_transparent_picture_becomes_a_png(self):
        checked = check(pictures.tiff(mode="RGBA"))
        assert (checked.content_type, checked.extension) == ("image/png", "png")
        assert pictures.opened(checked.body).getpixel((600, 10))[3] == 128

    def test_alpha_that_hides_nothing_is_dropped(self):
        opaque = Image.new("RGBA", (64, 64), (1, 2, 3, 255))
        assert check(pictures.saved(opaque, "TIFF")).content_type == "image/jpeg"

    @pytest.mark.parametrize("orientation", [3, 6])
    def test_tiff_orientation_is_applied_once(self, orientation):
        checked = check(pictures.tiff(tiffinfo={pictures.EXIF_ORIENTATION: orientation}))
        expected = {3: [WHITE, BLUE, GREEN, RED], 6: [BLUE, RED, WHITE, GREEN]}[orientation]
        assert_colours(corners(checked.body), expected)

    @pytest.mark.parametrize("mode", ["RGB", "RGBA"])
    def test_profile_is_applied_when_pixels_are_written_anew(self, mode):
        profile = pictures.icc_profile(red_means_green=True)
        checked = check(pictures.saved(pictures.canvas(mode=mode), "TIFF", icc_profile=profile))
        assert "icc_profile" not in pictures.opened(checked.body).info
        red, green = (corners(checked.body)[at] for at in (0, 1))
        assert red[1] > 150 > red[0]
        assert green[0] > 150 > green[1]

    def test_broken_profile_leaves_the_colours_as_they_are(self):
        checked = check(pictures.saved(pictures.canvas(), "TIFF", icc_profile=b"no profile at all"))
        assert_colours(corners(checked.body), [RED, GREEN, BLUE, WHITE])

    @pytest.mark.parametrize(
        "body",
        [
            pictures.saved(Image.new("F", (64, 64)), "TIFF"),
            pictures.tiff(mode="1", compression="group4"),
            pictures.tiff(tiffinfo={254: 1}),
            pictures.tiff(tiffinfo={50706: b"\x01\x04\0\0"}),
        ],
        ids=["floats", "fax", "thumbnail first", "dng"],
    )
    def test_tiff_that_is_no_photo_is_unsupported(self, body):
        assert refusal(body).code is ImageProblem.UNSUPPORTED_FORMAT

    def test_run_length_coded_bmp_is_unsupported(self):
        body = bytearray(pictures.bmp(mode="P"))
        body[30] = 1
        assert refusal(bytes(body)).code is ImageProblem.UNSUPPORTED_FORMAT

    def test_bmp_of_the_oldest_kind_is_read(self):
        header = struct.pack("<2sI4xIIHHHH", b"BM", 0, 26, 12, 64, 32, 1, 24)
        checked = check(header + b"\x14\x14\xdc" * 64 * 32)
        assert (checked.width, checked.height) == (64, 32)
        assert_colours(corners(checked.body), 4 * [RED])

    @pytest.mark.parametrize(
        ("box", "code"),
        [
            (struct.pack(">I4sQ", 1, b"mdat", 1 << 40), ImageProblem.TRUNCATED),
            (struct.pack(">I4s", 4, b"free"), ImageProblem.NOT_AN_IMAGE),
            (1100 * struct.pack(">I4s", 8, b"free"), ImageProblem.NOT_AN_IMAGE),
        ],
        ids=["longer than the file", "shorter than its header", "box flood"],
    )
    def test_heic_with_nonsense_boxes_is_refused(self, box, code):
        body = pictures.heic(64, 64)
        ftyp = int.from_bytes(body[:4], "big")
        assert refusal(body[:ftyp] + box + body[ftyp:]).code is code

    def test_heic_whose_last_box_has_no_length_is_read(self):
        assert check(pictures.heic(64, 64) + struct.pack(">I4s", 0, b"free") + bytes(100)).width == 64

    def test_gif_without_a_picture_is_no_image(self):
        body = pictures.gif(64, 64)
        assert refusal(body[: body.index(b"\x2c\0\0\0\0")] + b"\x3b").code is ImageProblem.NOT_AN_IMAGE

    def test_orientation_in_exif_of_a_different_byte_order_is_read(self):
        exif = b"Exif\0\0II*\0" + struct.pack("<IHHHII", 8, 1, 274, 3, 1, 6)
        assert ImageNote.ROTATED in check(pictures.jpeg(exif=exif)).notes


class TestRefusals:
    @pytest.mark.parametrize("body", [b"", b"\0", b"hello, I am a letter", b"<html>not found</html>", bytes(5000)])
    def test_what_is_no_image_is_called_so(self, body):
        assert refusal(body).code is ImageProblem.NOT_AN_IMAGE

    @pytest.mark.parametrize(
        ("head", "name"),
        [
            (b"%PDF-1.7", "PDF"),
            (b"\0\0\0\x20ftypisom\0\0\0\0isommp41", "MP4"),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "AVIF"),
            (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "RAW"),
            (b"II*\0\x10\0\0\0CR\x02\0" + bytes(20), "RAW"),
            (b"PK\x03\x04", "ZIP"),
        ],
    )
    def test_known_format_that_we_do_not_read_is_named(self, head, name):
        error = refusal(head)
        assert error.code is ImageProblem.UNSUPPORTED_FORMAT
        assert error.data == {"format": name}

    @pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
    @pytest.mark.parametrize(
        "make",
        [
            pictures.photo,
            pictures.jpeg_with_metadata,
            pictures.exif_rotated_jpeg,
            pictures.cmyk_jpeg,
            pictures.png,
            pictures.webp,
            pictures.animated_webp,
            pictures.gif,
            pictures.bmp,
            pictures.tiff,
            pictures.heic,
        ],
    )
    def test_truncated_file_of_every_format_is_called_so(self, make, share):
        assert refusal(pictures.truncated(make(), share)).code is ImageProblem.TRUNCATED

    @pytest.mark.parametrize("compression", ["tiff_lzw", "jpeg", "tiff_adobe_deflate"])
    def test_truncated_compressed_tiff_is_called_so(self, compression):
        body = pictures.truncated(pictures.tiff(compression=compression))
        assert refusal(body).code is ImageProblem.TRUNCATED

    def test_file_above_the_download_limit_is_refused_with_both_sizes(self):
        error = refusal(pictures.jpeg_of_size())
        assert error.code is ImageProblem.TOO_MANY_BYTES
        assert error.data == {"megabytes": 20.1, "max_megabytes": 20}

    def test_file_just_below_the_download_limit_passes(self):
        body = pictures.jpeg_of_size(LIMITS.max_bytes)
        assert len(body) == LIMITS.max_bytes
        assert check(body).body is body

    def test_bomb_is_refused_before_it_is_decoded(self):
        bomb = pictures.bomb_png()
        begin = time.thread_time()
        error = refusal(bomb)
        assert time.thread_time() - begin < 0.1
        assert error.code is ImageProblem.TOO_MANY_PIXELS
        assert error.data == {"width": 20000, "height": 10000, "megapixels": 200, "max_megapixels": 50}

    def test_gif_whose_frame_is_bigger_than_its_screen_is_refused_by_the_frame(self):
        body = bytearray(pictures.gif(64, 64))
        at = body.index(b"\x2c\0\0\0\0\x40\0\x40\0")
        body[at + 5 : at + 9] = b"\xff\xff\xff\xff"
        assert refusal(bytes(body)).code is ImageProblem.TOO_MANY_PIXELS

    @pytest.mark.parametrize(("width", "height"), [(1, 6000), (6000, 1), (40, 801)])
    @pytest.mark.parametrize("make", [pictures.jpeg, pictures.png])
    def test_narrow_picture_is_refused_with_its_shape(self, make, width, height):
        error = refusal(make(width, height))
        assert error.code is ImageProblem.TOO_NARROW
        assert error.data == {"width": width, "height": height, "max_ratio": 20}

    def test_small_picture_is_refused_with_the_smallest_side(self):
        error = refusal(pictures.jpeg(31, 40))
        assert error.code is ImageProblem.TOO_SMALL
        assert error.data == {"width": 31, "height": 40, "min_side": 32}

    @pytest.mark.parametrize(("width", "height"), [(32, 32), (40, 800)])
    def test_picture_at_the_limits_passes(self, width, height):
        assert check(pictures.jpeg(width, height)).width == width

    def test_limit_that_would_let_decompression_bombs_pass_is_no_limit(self):
        with pytest.raises(ValueError, match="max_pixels"):
            ImageLimits(max_pixels=200_000_000)

    def test_strip_flood_in_a_tiff_is_refused(self):
        body = bytearray(pictures.tiff())
        at = body.index(struct.pack("<HH", 273, 4))
        body[at + 4 : at + 8] = struct.pack("<I", 4_000_000)
        assert refusal(bytes(body)).code is ImageProblem.UNSUPPORTED_FORMAT


SEEDS = [
    pictures.jpeg(48, 40),
    pictures.exif_rotated_jpeg(48, 40),
    pictures.cmyk_jpeg(48, 40),
    pictures.png_with_metadata(48, 40),
    pictures.png(48, 40, mode="P"),
    pictures.animated_png(48, 40),
    pictures.webp_with_metadata(48, 40),
    pictures.animated_webp(48, 40),
    pictures.animated_gif(48, 40),
    pictures.bmp(48, 40),
    pictures.tiff(48, 40, compression="tiff_lzw"),
    pictures.heic(64, 64),
]
MAGIC = [seed[:16] for seed in SEEDS]


def accepted_or_refused(body: bytes) -> None:
    try:
        checked = check_input_image(body, LIMITS)
    except ImageRefusedError:
        return
    assert checked.width * checked.height <= LIMITS.max_pixels
    assert checked.content_type in {"image/jpeg", "image/png", "image/webp"}


class TestAnyBytes:
    @given(magic=st.sampled_from([b"", *MAGIC]), rest=st.binary(max_size=300))
    @settings(deadline=2000, max_examples=150)
    def test_random_bytes_are_accepted_or_refused_and_nothing_else(self, magic, rest):
        accepted_or_refused(magic + rest)

    @given(
        seed=st.sampled_from(SEEDS),
        changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=8),
        cut=st.integers(0, 400),
    )
    @settings(deadline=2000, max_examples=250, suppress_health_check=[HealthCheck.too_slow])
    def test_damaged_pictures_are_accepted_or_refused_and_nothing_else(self, seed, changes, cut):
        body = bytearray(seed)
        for position, value in changes:
            body[position % min(len(body), 600)] = value
        accepted_or_refused(bytes(body[: len(body) - cut]))

    @given(seed=st.sampled_from(SEEDS), rest=st.binary(max_size=200), at=st.integers(0, 600))
    @settings(deadline=2000, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
    def test_spliced_pictures_are_accepted_or_refused_and_nothing_else(self, seed, rest, at):
        accepted_or_refused(seed[:at] + rest + seed[at:])

    @given(seed=st.sampled_from(SEEDS), rest=st.binary(max_size=200), at=st.integers(0, 600))
    @settings(deadline=2000, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
    def test_spliced_outputs_are_read_or_refused_and_nothing_else(self, seed, rest, at):
        body = seed[:at] + rest + seed[at:]
        for look in (lambda source: inspect_output(source, len(body)), preview_jpeg):
            try:
                look(BytesIO(body))
            except ImageRefusedError:
                continue


class TestOutputs:
    def inspect(self, body: bytes):
        return inspect_output(BytesIO(body), len(body))

    @pytest.mark.parametrize(
        ("body", "extension", "as_photo"),
        [
            (pictures.jpeg(), "jpg", True),
            (pictures.jpeg_with_metadata(icc_profile=pictures.icc_profile()), "jpg", True),
            (pictures.png(), "png", True),
            (pictures.webp(), "webp", False),
            (pictures.webp(lossless=True), "webp", False),
            (pictures.webp(mode="RGBA"), "webp", False),
            (pictures.animated_gif(), "gif", False),
        ],
    )
    def test_result_is_known_by_content(self, body, extension, as_photo):
        output = self.inspect(body)
        assert (output.extension, output.as_photo) == (extension, as_photo)
        assert (output.width, output.height) == (640, 480)
        assert output.content_type == pictures.opened(body).get_format_mimetype()

    def test_result_of_many_bytes_goes_as_a_document(self):
        body = pictures.jpeg_of_size(10_000_000)
        assert self.inspect(body).as_photo
        assert not self.inspect(pictures.jpeg_of_size(10_000_100)).as_photo

    @pytest.mark.parametrize(
        ("width", "height", "as_photo"),
        [(9000, 1000, True), (9001, 1000, False), (40, 800, True), (40, 801, False)],
    )
    def test_result_goes_as_a_photo_up_to_telegrams_dimensions(self, width, height, as_photo):
        assert self.inspect(pictures.jpeg(width, height)).as_photo is as_photo

    def test_huge_result_is_read_without_decoding_it(self):
        output = self.inspect(pictures.bomb_png())
        assert (output.width, output.height, output.as_photo) == (20000, 10000, False)

    @pytest.mark.parametrize("make", [pictures.jpeg, pictures.png, pictures.webp, pictures.gif])
    @pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
    def test_truncated_result_is_refused(self, make, share):
        with pytest.raises(ImageRefusedError) as caught:
            self.inspect(pictures.truncated(make(), share))
        assert caught.value.code is ImageProblem.TRUNCATED

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b'{"detail": "gone"}', ImageProblem.NOT_AN_IMAGE),
            (b"", ImageProblem.NOT_AN_IMAGE),
            (b"\0\0\0\x20ftypisom", ImageProblem.UNSUPPORTED_FORMAT),
            (pictures.tiff(), ImageProblem.UNSUPPORTED_FORMAT),
        ],
    )
    def test_result_that_is_no_picture_of_ours_is_refused(self, body, code):
        with pytest.raises(ImageRefusedError) as caught:
            self.inspect(body)
        assert caught.value.code is code


class TestPreview:
    @pytest.mark.parametrize(
        "make",
        [
            lambda: pictures.jpeg(3000, 2000),
            lambda: pictures.jpeg(3000, 2000, progressive=True),
            lambda: pictures.png(3000, 2000),
            lambda: pictures.png(1500, 1000, mode="P"),
            lambda: pictures.webp(3000, 2000),
            lambda: pictures.animated_gif(1500, 1000),
        ],
        ids=["jpeg", "progressive", "png", "palette", "webp", "gif"],
    )
    def test_preview_is_a_small_jpeg_of_the_same_picture(self, make):
        preview = preview_jpeg(BytesIO(make()))
        picture = pictures.opened(preview)
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (1280, 853))
        assert_colours(corners(preview), [RED, GREEN, BLUE, WHITE], tolerance=20)

    def test_small_result_is_not_enlarged(self):
        assert pictures.opened(preview_jpeg(BytesIO(pictures.jpeg(300, 200)))).size == (300, 200)

    def test_transparent_parts_become_white(self):
        preview = preview_jpeg(BytesIO(pictures.png(mode="RGBA")))
        assert_colours(corners(preview), [RED, (137, 227, 137), BLUE, WHITE])

    def test_preview_is_upright_and_without_metadata(self):
        preview = preview_jpeg(BytesIO(pictures.exif_rotated_jpeg()))
        assert_colours(corners(preview), [BLUE, RED, WHITE, GREEN])
        assert pictures.CAMERA.encode() not in preview

    def test_preview_of_a_long_picture_gets_margins_that_make_it_a_photo(self):
        preview = preview_jpeg(BytesIO(pictures.jpeg(6000, 100)))
        assert inspect_output(BytesIO(preview), len(preview)).as_photo

    def test_bomb_is_refused(self):
        with pytest.raises(ImageRefusedError) as caught:
            preview_jpeg(BytesIO(pictures.bomb_png()))
        assert caught.value.code is ImageProblem.TOO_MANY_PIXELS

    @pytest.mark.parametrize("make", [pictures.jpeg, pictures.png, pictures.webp, pictures.gif])
    def test_truncated_result_is_refused(self, make):
        with pytest.raises(ImageRefusedError) as caught:
            preview_jpeg(BytesIO(pictures.truncated(make())))
        assert caught.value.code is ImageProblem.TRUNCATED

    def test_format_that_results_do_not_have_is_refused(self):
        with pytest.raises(ImageRefusedError) as caught:
            preview_jpeg(BytesIO(pictures.bmp()))
        assert caught.value.code is ImageProblem.UNSUPPORTED_FORMAT
