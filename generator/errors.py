"""The errors of this room: each carries one sentence that a visitor understands."""


class GeneratorError(ValueError):
    """Anything that the generator room refuses."""


class CheckpointError(GeneratorError):
    """A checkpoint that cannot be opened: what it is, and what is wrong or missing."""


class LatentError(GeneratorError):
    """A latent, label, truncation or direction that the model does not have."""


class FeatureError(GeneratorError):
    """A feature network that is not there, or pictures that it cannot look at."""
