"""The error of this room: one sentence that names the file or the setting."""


class TrainingError(ValueError):
    """Data, settings or a saved state that training cannot use."""
