"""Imports aiogram without building its six hundred models, of which a bot uses thirty.

aiogram has pydantic build each model when it is first used (`defer_build`), but then asks for all of them at the end of
its own import, because only there the names in their annotations are known: two seconds and 100 MB
(https://github.com/aiogram/aiogram/issues/1513). Here these names are kept, and handed over when a model is used.
"""

from typing import Any

from pydantic import BaseModel

_Model = type[BaseModel]


def import_lean_aiogram() -> None:
    """Call this before anything else imports aiogram; later it changes nothing."""
    names: dict[str, Any] = {}
    build = BaseModel.model_rebuild.__func__  # type: ignore[attr-defined]  # the function of the classmethod

    def only_remember(_: _Model, *, _types_namespace: dict[str, Any] | None = None, **__: Any) -> None:
        names.update(_types_namespace or {})

    def build_knowing_names(model: _Model, *, _types_namespace: Any = None, **options: Any) -> bool | None:
        built: bool | None = build(model, _types_namespace=_types_namespace or names, **options)
        return built

    BaseModel.model_rebuild = classmethod(only_remember)  # type: ignore[assignment,arg-type,method-assign]
    try:
        from aiogram.methods import Response, TelegramMethod  # noqa: PLC0415 - this is the point
        from aiogram.types import TelegramObject, Update  # noqa: PLC0415
    finally:
        BaseModel.model_rebuild = classmethod(build)  # type: ignore[assignment,method-assign]
    if names:  # else it was imported before, or builds nothing on import any more
        for base in (TelegramObject, TelegramMethod, Response):
            base.model_rebuild = classmethod(build_knowing_names)  # type: ignore[assignment,arg-type,method-assign]
        Update.model_rebuild()  # the first person shall not wait for it
