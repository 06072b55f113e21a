"""What is wrong with data: the message names file and item."""


class DataError(Exception):
    """The data are not there, or are not what they should be."""
