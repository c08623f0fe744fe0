"""What the gateway knows of the objects: a copy that watches keep, so that reading metadata asks nobody."""
