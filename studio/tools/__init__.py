"""The artist's tools, one a file: recipes in, recipes and files out. Nothing here knows a page."""
