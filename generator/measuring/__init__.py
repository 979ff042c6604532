"""What is measured of a model: averages, directions, the critic's calibration, features, what a picture costs."""

from .averages import FEWEST, averages_and_directions, calibrate, measure_styles, sample_styles
from .cost import Cost
from .features import FeatureNetwork, feature_network, network_for
from .index import FILE as INDEX_FILE
from .index import MAX_RECORDS, Index, Match, open_index
from .likeness import Likeness, relative
from .remembered import AUTOENCODER, Remembered, open_remembered
from .remembered import FILE as REMEMBERED_FILE

__all__ = [
    "AUTOENCODER",
    "FEWEST",
    "INDEX_FILE",
    "MAX_RECORDS",
    "REMEMBERED_FILE",
    "Cost",
    "FeatureNetwork",
    "Index",
    "Likeness",
    "Match",
    "Remembered",
    "averages_and_directions",
    "calibrate",
    "feature_network",
    "measure_styles",
    "network_for",
    "open_index",
    "open_remembered",
    "relative",
    "sample_styles",
]
