"""The item bank: content, lifecycle, files, releases."""
