"""Tests of data, augmentation, measures, the loop, and a tiny run from beginning to end."""
