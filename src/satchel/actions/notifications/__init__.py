"""Notifications: lists and read marks, personal choices, reminders, and the mail that people get."""
