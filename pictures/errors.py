"""The error of this room: one sentence that names the file and, where there is one, the way out."""


class PicturesError(ValueError):
    """Pictures, or a folder, a zip or a file of labels, that cannot be used."""
