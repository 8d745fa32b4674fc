"""In a process of its own, since models that were built stay built."""

import subprocess
import sys

CODE = """
from bot.telegram.lean_aiogram import import_lean_aiogram

import_lean_aiogram()
import_lean_aiogram()
import aiogram.methods, aiogram.types
from pydantic import BaseModel

kinds = [getattr(module, name) for module in (aiogram.types, aiogram.methods) for name in module.__all__]
models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
built = [model for model in models if model.__pydantic_complete__]
assert aiogram.types.Update in built
assert len(built) < len(models) / 3, f"{len(built)} of {len(models)}"

message = {"message_id": 7, "date": 1, "chat": {"id": 5, "type": "private"}, "photo": [], "reply_to_message": None}
answer = aiogram.methods.Response[list[aiogram.types.Message]].model_validate({"ok": True, "result": [message]})
assert answer.result[0].chat.id == 5
call = aiogram.methods.SendPhoto(chat_id=1, photo="id", reply_parameters=aiogram.types.ReplyParameters(message_id=7))
assert call.model_dump(exclude_none=True, exclude_unset=True)["reply_parameters"] == {"message_id": 7}

for model in models[::8]:
    model.model_rebuild()
    assert model.__pydantic_complete__, model
"""


def test_few_models_are_built_on_import_and_all_others_when_they_are_used():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=30, check=False)

    assert (done.returncode, done.stderr) == (0, "")
