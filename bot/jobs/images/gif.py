"""The blocks of a GIF file up to its first picture, which is all we show of it.

Rules: https://www.w3.org/Graphics/GIF/spec-gif89a.txt. Comments and later frames never reach the decoder.
"""

from bot.jobs.images.formats import Container, ImageFormat, malformed, truncated, unsupported

_SCREEN_BYTES = 13  # signature and logical screen descriptor
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL = 0xF9
_MAX_BLOCKS = 1_000_000  # data blocks of 255 bytes make 82 000 of 20 MB


class _Reader:
    """A position in a file that may not pass its end."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._blocks_left = _MAX_BLOCKS
        self.position = 0

    def take(self, count: int) -> bytes:
        taken = self._body[self.position : self.position + count]
        if len(taken) < count:
            raise truncated(ImageFormat.GIF)
        self.position += count
        return taken

    def take_byte(self) -> int:
        return self.take(1)[0]

    def skip_colours(self, flags: int) -> None:
        """Pass the colour table that `flags` announce."""
        if flags & 0x80:
            self.take(3 << (flags & 7) + 1)

    def skip_blocks(self) -> None:
        """Pass data blocks up to and with their terminator."""
        while length := self.take_byte():
            self.take(length)
            self._blocks_left -= 1
            if self._blocks_left < 0:
                raise unsupported(ImageFormat.GIF.name)


def read_gif(body: bytes) -> Container:
    """The first frame of a GIF file.

    Raises:
        ImageRefusedError: truncated when the first frame is not complete (later ones do not matter), not_an_image,
            unsupported_format for absurdly many blocks.
    """
    reader = _Reader(body)
    screen = reader.take(_SCREEN_BYTES)
    reader.skip_colours(screen[10])
    head = body[: reader.position]
    control = _skip_extensions(reader)
    start = reader.position
    if reader.take_byte() != _IMAGE:
        raise malformed(ImageFormat.GIF)
    frame = reader.take(9)
    reader.skip_colours(frame[8])
    reader.take_byte()  # LZW code size
    reader.skip_blocks()
    left, top, width, height = (int.from_bytes(frame[at : at + 2], "little") for at in (0, 2, 4, 6))
    return Container(
        ImageFormat.GIF,
        # A frame that sticks out of the screen makes the decoder enlarge it.
        max(int.from_bytes(screen[6:8], "little"), left + width),
        max(int.from_bytes(screen[8:10], "little"), top + height),
        head + control + body[start : reader.position] + bytes([_TRAILER]),
        first_of_many=_has_more(reader, body),
    )


def _skip_extensions(reader: _Reader) -> bytes:
    """Pass extensions; returns the last graphic control, which says what is transparent in the frame after it."""
    control = b""
    while True:
        start = reader.position
        if reader.take_byte() != _EXTENSION:
            reader.position = start
            return control
        label = reader.take_byte()
        content = reader.position
        reader.skip_blocks()
        if label == _GRAPHIC_CONTROL:
            size = reader.position - content
            reader.position = content
            control = bytes([_EXTENSION, label]) + reader.take(size)


def _has_more(reader: _Reader, body: bytes) -> bool:
    """Whether something that is no end of file follows the first frame; nothing there is read."""
    return body[reader.position : reader.position + 1] in {bytes([_IMAGE]), bytes([_EXTENSION])}
