"""Pictures and files in calls: uploaded, attached or named by file_id."""

from typing import Any

from mock_server.telegram.errors import bad_request, not_modelled
from mock_server.telegram.files import Photo, StoredFile
from mock_server.telegram.limits import check_caption, check_photo_size
from mock_server.telegram.methods.targets import formatted_value
from mock_server.telegram.params import CallParams, UploadedFile
from mock_server.telegram.pictures import MAX_SIDES_SUM, PictureDimensionsError, UnreadablePictureError
from mock_server.telegram.world import World

ATTACH = "attach://"
_MAX_FILE_ID_LENGTH = 256


async def take_photo(world: World, params: CallParams, name: str, reference: str | None = None) -> Photo:
    """Give the photo in parameter `name` (or at `reference` of a media object), storing it when uploaded.

    Raises: BotApiError 400 for too many bytes or pixels, an unreadable picture or a wrong file_id; 501 for a URL.
    """
    upload, file_id = _locate(params, name, reference, "photo")
    if upload is None:
        return _known_photo(world, file_id)
    check_photo_size(len(upload.data))
    try:
        return await world.files.add_photo(upload.data, max_sides_sum=MAX_SIDES_SUM)
    except PictureDimensionsError as error:
        raise bad_request("PHOTO_INVALID_DIMENSIONS") from error
    except UnreadablePictureError as error:
        raise bad_request("IMAGE_PROCESS_FAILED") from error


async def take_document(world: World, params: CallParams, name: str, reference: str | None = None) -> StoredFile:
    """Give the file in parameter `name` (or at `reference` of a media object), storing it when uploaded.

    Raises: BotApiError 400 for an empty file or a wrong file_id; 501 for a URL.
    """
    upload, file_id = _locate(params, name, reference, "document")
    if upload is None:
        return _known_document(world, file_id)
    return await world.files.add_document(upload.data, upload.name)


def _locate(params: CallParams, name: str, reference: str | None, what: str) -> tuple[UploadedFile | None, str]:
    wanted = params.string(name) if reference is None else reference
    key = wanted.removeprefix(ATTACH) if wanted.startswith(ATTACH) else name if reference is None else ""
    upload = params.files.get(key)
    if upload is not None:
        if not upload.data:
            raise bad_request("file must be non-empty")
        return upload, ""
    if not wanted or wanted.startswith(ATTACH):
        raise bad_request(f"there is no {what} in the request")
    return None, wanted


def _known_photo(world: World, file_id: str) -> Photo:
    file = _known(world, file_id)
    if file.kind != "photo":
        raise bad_request(f"can't use file of type {file.kind.title()} as Photo")
    return world.files.photo_of(file_id) or (file,)


def _known_document(world: World, file_id: str) -> StoredFile:
    file = _known(world, file_id)
    if file.kind != "document":
        raise bad_request(f"can't use file of type {file.kind.title()} as Document")
    return file


def _known(world: World, file_id: str) -> StoredFile:
    if file_id.startswith(("http://", "https://")):
        raise not_modelled("sending a file by URL")
    file = world.files.get(file_id) if len(file_id) <= _MAX_FILE_ID_LENGTH else None
    if file is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return file


async def take_input_media(world: World, params: CallParams, media: Any) -> dict[str, Any]:
    """Give the message content that an InputMediaPhoto or InputMediaDocument describes.

    Raises: BotApiError as for uploads; 501 for other kinds of media.
    """
    if not isinstance(media, dict):
        raise bad_request("can't parse InputMedia: expected an Object")
    caption = check_caption(
        formatted_value(
            str(media.get("caption") or ""), str(media.get("parse_mode") or ""), media.get("caption_entities")
        )
    )
    content: dict[str, Any] = {
        "caption": caption.text,
        "caption_entities": caption.entities,
        "caption_above": bool(media.get("show_caption_above_media")),
        "spoiler": bool(media.get("has_spoiler")),
    }
    reference = str(media.get("media") or "")
    kind = media.get("type")
    if kind == "photo":
        return content | {"photo": await take_photo(world, params, "media", reference), "document": None}
    if kind == "document":
        return content | {"photo": (), "document": await take_document(world, params, "media", reference)}
    raise not_modelled(f"InputMedia of type {kind!r}")
