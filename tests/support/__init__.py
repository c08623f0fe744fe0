"""Tools that tests of several kinds use; they are tested themselves."""
