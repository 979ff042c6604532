"""Kinds of networks, one file or folder each; each a `generator.family.Family` behind the same `Model`."""
