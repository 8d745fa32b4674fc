"""The emoji that may be put on a message as a reaction.

https://core.telegram.org/bots/api#reactiontypeemoji
"""

REACTION_EMOJI = frozenset(
    {
        "👍", "👎", "❤", "🔥", "🥰", "👏", "😁", "🤔", "🤯", "😱", "🤬", "😢", "🎉", "🤩", "🤮", "💩",
        "🙏", "👌", "🕊", "🤡", "🥱", "🥴", "😍", "🐳", "❤\u200d🔥", "🌚", "🌭", "💯", "🤣", "⚡", "🍌", "🏆",
        "💔", "🤨", "😐", "🍓", "🍾", "💋", "🖕", "😈", "😴", "😭", "🤓", "👻", "👨\u200d💻", "👀", "🎃", "🙈",
        "😇", "😨", "🤝", "✍", "🤗", "🫡", "🎅", "🎄", "☃", "💅", "🤪", "🗿", "🆒", "💘", "🙉", "🦄",
        "😘", "💊", "🙊", "😎", "👾", "🤷\u200d♂", "🤷", "🤷\u200d♀", "😡",
    }
)  # fmt: skip

_VARIATION_SELECTOR = "\ufe0f"


def plain_emoji(emoji: str) -> str:
    """Give an emoji without the mark that only asks for its coloured form."""
    return emoji.replace(_VARIATION_SELECTOR, "")
