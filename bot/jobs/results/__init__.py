"""What becomes of results: read once, parcelled for the chat, reported, shown smaller, asked for again."""
