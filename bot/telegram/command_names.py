"""The commands, in the order of their menus; those of the presets are the presets' names."""

PERSONAL = ("start", "help", "settings", "history", "cancel", "language", "privacy", "delete_me")
ADMIN = ("status", "stats", "job", "ban", "unban", "limit", "pause", "resume")
