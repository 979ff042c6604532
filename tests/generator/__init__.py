"""Tests of the networks, the engine, latents, checkpoints and calibration."""
