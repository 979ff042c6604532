"""Other people's checkpoints: files read as data, never run, and the networks that their tensors belong to."""
