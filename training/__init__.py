"""Makes checkpoints from folders or zips of pictures: train, calibrate, find directions, write the card."""
