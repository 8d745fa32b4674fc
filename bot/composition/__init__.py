"""What `bot.app` is put together from: adapters opened as the settings name them, and the use cases on top of them."""
