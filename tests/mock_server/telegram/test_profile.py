import pytest

COMMANDS = [{"command": "start", "description": "Begin"}]


async def test_commands_are_kept_by_scope_and_language(bot):
    menu = {"scope": {"type": "chat", "chat_id": 5}, "language_code": "ru"}
    await bot("setMyCommands", commands=COMMANDS)
    await bot("setMyCommands", commands=[{"command": "ban", "description": "Out"}], **menu)
    assert await bot("getMyCommands") == COMMANDS
    assert (await bot("getMyCommands", **menu))[0]["command"] == "ban"
    assert await bot("getMyCommands", language_code="ru") == []
    await bot("deleteMyCommands")
    assert await bot("getMyCommands", scope={"type": "default"}) == []


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        ({"commands": [{"command": "Ä", "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ({"commands": [{"command": "a", "description": ""}]}, "BOT_COMMAND_DESCRIPTION_INVALID"),
        ({"commands": COMMANDS * 101}, "BOT_COMMANDS_TOO_MUCH"),
        ({"commands": COMMANDS, "language_code": "pt-br"}, "LANG_CODE_INVALID"),
        ({"commands": "x"}, "can't parse commands JSON object"),
        ({"commands": {}}, "expected an Array of BotCommand"),
        ({"commands": ["start"]}, "can't parse BotCommand: expected an Object"),
        ({"scope": []}, "can't parse BotCommandScope: BotCommandScope must be an Object"),
        ({"scope": {"type": "all"}}, "can't parse BotCommandScope: Unsupported type specified"),
        ({"scope": {"type": "chat"}}, "can't parse BotCommandScope: Empty chat_id specified"),
        ({"scope": {"type": "chat_member", "chat_id": 5}}, "can't parse BotCommandScope: Invalid user_id specified"),
    ],
)
async def test_wrong_commands_are_refused(bot, params, refusal):
    assert await bot.refusal("setMyCommands", **params) == f"Bad Request: {refusal}"


async def test_an_app_shows_the_narrowest_menu_and_its_own_language_first(bot, emulator, anna):
    anna.person.language_code = "pt-br"
    group = emulator.control.add_group("Friends", [], admins=[anna])
    member = emulator.control.add_user("Boris", "ru")
    group.member_ids.add(member.id)
    private = [{"type": "default"}, {"type": "all_private_chats"}, {"type": "chat", "chat_id": anna.id}]
    of_group = {"chat_id": group.id}
    of_admins = [  # the default scope is tried above
        {"type": "all_group_chats"},
        {"type": "all_chat_administrators"},
        {"type": "chat", **of_group},
        {"type": "chat_administrators", **of_group},
        {"type": "chat_member", **of_group, "user_id": anna.id},
    ]
    assert await anna.commands() == []
    for person, scopes in ((anna, private), (anna.in_chat(group), of_admins)):
        for number, scope in enumerate(scopes):
            for language in ("", "pt"):
                name = f"c{number}{language}_{len(scopes)}"
                commands = [{"command": name, "description": "x"}]
                await bot("setMyCommands", commands=commands, scope=scope, language_code=language)
                assert (await person.commands())[0]["command"] == name
    assert (await member.in_chat(group).commands())[0]["command"] == "c2_5"
    assert (await member.commands())[0]["command"] == "c1_3"
    await bot("setMyCommands", commands=[], scope=of_admins[-1])
    await bot("deleteMyCommands", scope=of_admins[-1], language_code="pt")
    assert (await anna.in_chat(group).commands())[0]["command"] == "c3pt_5"


@pytest.mark.parametrize(
    ("method", "field", "default", "limit"),
    [
        ("Name", "name", "Darkroom", 64),
        ("Description", "description", "", 512),
        ("ShortDescription", "short_description", "", 120),
    ],
)
async def test_texts_about_the_bot_fall_back_to_the_default_language(bot, method, field, default, limit):
    assert await bot(f"getMy{method}") == {field: default}
    await bot(f"setMy{method}", **{field: "all"})
    await bot(f"setMy{method}", **{field: "다크룸", "language_code": "ru"})
    assert await bot(f"getMy{method}", language_code="ru") == {field: "다크룸"}
    assert await bot(f"getMy{method}", language_code="ko") == {field: "all"}
    await bot(f"setMy{method}", **{field: "", "language_code": "ru"})
    assert await bot(f"getMy{method}", language_code="ru") == {field: "all"}
    assert "too long" in await bot.refusal(f"setMy{method}", **{field: "x" * (limit + 1)})


async def test_members_of_a_group_have_their_status(bot, emulator, anna):
    boris, carla = emulator.control.add_user("Boris"), emulator.control.add_user("Carla")
    group = emulator.control.add_group("Friends", [anna], admins=[boris])

    async def status(user_id):
        return (await bot("getChatMember", chat_id=group.id, user_id=user_id))["status"]

    bot_id = (await bot("getMe"))["id"]
    assert [await status(one) for one in (anna.id, boris.id, carla.id, bot_id)] == [
        "member",
        "administrator",
        "left",
        "member",
    ]
    assert await bot.refusal("getChatMember", chat_id=group.id, user_id=1) == "Bad Request: PARTICIPANT_ID_INVALID"
    assert (await bot("getChat", chat_id=group.id))["title"] == "Friends"
