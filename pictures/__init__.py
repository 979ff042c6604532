"""Pictures from folders, zips, idx files and bytes: one decoder, one set of kinds, one set of limits for everybody."""

from .account import Account
from .classes import Classes
from .decoder import MAX_BYTES, MAX_PIXELS, WHITE, Array, Colour, Decoded, as_array, decode, reason_of, square
from .errors import PicturesError
from .idx import IMAGES, LABELS, TEST, TRAIN, idx_file, is_idx, read_idx
from .kinds import suffixes
from .options import Reading, add_options, colour, reading_of
from .places import Folder, Place, Zip, open_place
from .sets import PictureSet, open_pictures

__all__ = [
    "IMAGES",
    "LABELS",
    "MAX_BYTES",
    "MAX_PIXELS",
    "TEST",
    "TRAIN",
    "WHITE",
    "Account",
    "Array",
    "Classes",
    "Colour",
    "Decoded",
    "Folder",
    "Place",
    "PictureSet",
    "PicturesError",
    "Reading",
    "Zip",
    "add_options",
    "as_array",
    "colour",
    "decode",
    "idx_file",
    "is_idx",
    "open_pictures",
    "open_place",
    "read_idx",
    "reading_of",
    "reason_of",
    "square",
    "suffixes",
]
