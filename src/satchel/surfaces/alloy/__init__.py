"""The Alloy Navigator surface: objects of classes, actions on them, and attachments."""
