"""An emulated Telegram: a Bot API over real HTTP, and people who chat with the bot."""
