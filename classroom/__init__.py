"""What the lessons compute: pure, and without a page. One module a subject."""

from .afterwards import CHANNELS, REGIONS, segment, treat
from .cards import Card, find_cards
from .codes import Codes, find_codes
from .contest import MOST_STEPS, Contest, read_program
from .dice import ACROSS, COUNT, DOTS, PSI, REACH, STEP, Dice
from .duel import COVERS_WITHIN, Duel
from .encoded import BETWEEN, LIMIT, MADE, REAL, Encodings
from .errors import ClassroomError
from .eye import look, places, veil
from .garments import COUNT as COUNT_TAUGHT
from .garments import Garments, PictureDuel
from .history import JUDGED, History, find_histories
from .layers import CRITIC, FACTORS, GENERATOR, Networks, convolve
from .provenance import read_statement, strip
from .sheets import eye_url, grey_values, maps_url, picture_url, sheet_url, tensor_rows, tensor_url, tensors
from .specimens import MOST_USES, Specimens
from .telling import CERTAINTIES, PAIRS, ROUNDS, Telling, roc
from .three import KINDS, PAINTED, Three, find_three
from .training_data import SIDE, Diets, RealPictures, find_diets, find_real
from .turns import SLICE, Sessions, Turns
from .uses import (
    FRAMES,
    GRID,
    GROUNDS,
    OVERLAP,
    RADIUS,
    READABLE,
    SHAPES,
    Loops,
    as_bytes,
    coarse,
    labelled,
    poster,
    repeated,
    terrain,
    texture,
)

__all__ = [
    "BETWEEN",
    "LIMIT",
    "MADE",
    "REAL",
    "Encodings",
    "look",
    "places",
    "veil",
    "COUNT_TAUGHT",
    "JUDGED",
    "Contest",
    "Garments",
    "PictureDuel",
    "FRAMES",
    "GRID",
    "GROUNDS",
    "OVERLAP",
    "RADIUS",
    "READABLE",
    "SHAPES",
    "Loops",
    "as_bytes",
    "coarse",
    "labelled",
    "poster",
    "repeated",
    "terrain",
    "texture",
    "DOTS",
    "KINDS",
    "PAINTED",
    "Three",
    "find_three",
    "CERTAINTIES",
    "PAIRS",
    "ROUNDS",
    "Card",
    "Telling",
    "find_cards",
    "read_statement",
    "roc",
    "strip",
    "CHANNELS",
    "MOST_USES",
    "REGIONS",
    "Specimens",
    "segment",
    "treat",
    "tensor_rows",
    "tensors",
    "Codes",
    "find_codes",
    "eye_url",
    "grey_values",
    "maps_url",
    "tensor_url",
    "ACROSS",
    "COUNT",
    "PSI",
    "REACH",
    "SIDE",
    "STEP",
    "Dice",
    "CRITIC",
    "FACTORS",
    "GENERATOR",
    "Networks",
    "Diets",
    "RealPictures",
    "convolve",
    "find_diets",
    "find_real",
    "COVERS_WITHIN",
    "MOST_STEPS",
    "SLICE",
    "ClassroomError",
    "Duel",
    "History",
    "Sessions",
    "Turns",
    "find_histories",
    "picture_url",
    "read_program",
    "sheet_url",
]
