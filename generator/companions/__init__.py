"""Other networks of the same data that stand beside a generator: classifier, autoencoder, recurrent network."""

from .autoencoder import FILE as AUTOENCODER_FILE
from .autoencoder import KIND as AUTOENCODER_KIND
from .autoencoder import Autoencoder, AutoencoderConfig, OpenAutoencoder, open_autoencoder
from .classifier import FILE as CLASSIFIER_FILE
from .classifier import KIND as CLASSIFIER_KIND
from .classifier import Classifier, ClassifierConfig, OpenClassifier, open_classifier
from .companion import Description, save_companion
from .recurrent import FILE as RECURRENT_FILE
from .recurrent import KIND as RECURRENT_KIND
from .recurrent import OpenRecurrent, Recurrent, RecurrentConfig, open_recurrent

__all__ = [
    "AUTOENCODER_FILE",
    "AUTOENCODER_KIND",
    "CLASSIFIER_FILE",
    "CLASSIFIER_KIND",
    "RECURRENT_FILE",
    "RECURRENT_KIND",
    "Autoencoder",
    "AutoencoderConfig",
    "Classifier",
    "ClassifierConfig",
    "Description",
    "OpenAutoencoder",
    "OpenClassifier",
    "OpenRecurrent",
    "Recurrent",
    "RecurrentConfig",
    "open_autoencoder",
    "open_classifier",
    "open_recurrent",
    "save_companion",
]
