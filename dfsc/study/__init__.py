"""What a study found, for people who were not there: its figures, and the test images that tell most."""
