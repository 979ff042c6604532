"""What is measured of a model: averages, directions, the critic's calibration, features, what a picture costs."""

from .averages import FEWEST, averages_and_directions, calibrate, measure_styles, sample_styles
from .cost import Cost
from .features import FeatureNetwork, feature_network, network_for
from .index import FILE as INDEX_FILE
from .index import MAX_RECORDS, Index, Match, open_index

__all__ = [
    "FEWEST",
    "INDEX_FILE",
    "MAX_RECORDS",
    "Cost",
    "FeatureNetwork",
    "Index",
    "Match",
    "averages_and_directions",
    "calibrate",
    "feature_network",
    "measure_styles",
    "network_for",
    "open_index",
    "sample_styles",
]
