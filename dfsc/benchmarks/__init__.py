"""What prints this project's figures beside its peers', both measured in one run."""
