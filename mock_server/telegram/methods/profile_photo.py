"""Methods about the picture by which people know the bot.

https://core.telegram.org/bots/api#setmyprofilephoto
"""

from typing import Any

from mock_server.telegram.errors import bad_request, not_modelled
from mock_server.telegram.limits import check_photo_size
from mock_server.telegram.methods.media import ATTACH
from mock_server.telegram.params import CallParams, UploadedFile
from mock_server.telegram.pictures import NotJpegError, PictureDimensionsError, UnreadablePictureError
from mock_server.telegram.world import World

_CONTENT_FIELDS = {"static": "photo", "animated": "animation"}


async def set_my_profile_photo(world: World, params: CallParams) -> bool:
    """Set the bot's picture: a JPEG that comes with the call; it is cut to a square.

    The words of the refusals: https://core.telegram.org/method/photos.uploadProfilePhoto. Which picture gets which one,
    and that 160 pixels are the least, is an assumption: see the README.
    """
    upload = _uploaded(params)
    check_photo_size(len(upload.data))
    try:
        world.profile.photo = await world.files.add_profile_photo(upload.data)
    except NotJpegError as error:
        raise bad_request("PHOTO_EXT_INVALID") from error
    except UnreadablePictureError as error:
        raise bad_request("IMAGE_PROCESS_FAILED") from error
    except PictureDimensionsError as error:
        raise bad_request("PHOTO_CROP_SIZE_SMALL") from error
    return True


async def remove_my_profile_photo(world: World, _: CallParams) -> bool:
    """Take the bot's picture away."""
    world.profile.photo = ()
    world.files.forget_profile_photo()
    return True


async def get_user_profile_photos(world: World, params: CallParams) -> dict[str, Any]:
    """Give a UserProfilePhotos: a bot has one picture at most, people here have none."""
    user_id = params.integer("user_id")
    if user_id <= 0:
        raise bad_request("invalid user_id specified")
    if user_id != world.config.bot_id and user_id not in world.book.people:
        raise bad_request("user not found")
    photo = world.profile.photo if user_id == world.config.bot_id else ()
    photos = [[size.as_photo_size() for size in photo]] if photo else []
    return {"total_count": len(photos), "photos": photos[max(0, params.integer("offset")) :]}


def _uploaded(params: CallParams) -> UploadedFile:
    if not params.string("photo"):
        raise bad_request("photo isn't specified")
    described = params.document("photo")
    if not isinstance(described, dict):
        raise bad_request("object expected as profile photo")
    kind = _required(described, "type")
    if kind not in _CONTENT_FIELDS:
        raise bad_request("invalid profile photo type specified")
    reference = _required(described, _CONTENT_FIELDS[kind])
    upload = params.files.get(reference.removeprefix(ATTACH)) if reference.startswith(ATTACH) else None
    if upload is None:  # a file_id too: such pictures cannot be used again
        raise bad_request("photo must be uploaded as a file")
    if kind == "animated":
        raise not_modelled("an animated profile photo")
    if not upload.data:
        raise bad_request("file must be non-empty")
    return upload


def _required(described: dict[str, Any], field: str) -> str:
    value = described.get(field)
    if value is None:
        raise bad_request(f'can\'t find field "{field}"')
    if not isinstance(value, str):
        raise bad_request(f'field "{field}" must be of type String')
    return value
