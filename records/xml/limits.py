"""The limits of everything that reads XML: what a file may ask of this machine."""

CHUNK = 1 << 16
MAX_PROLOG_BYTES = 1 << 20  # thousands of NDATA declarations fit
MAX_DEPTH = 200
MAX_ATTRIBUTES = 64
MAX_ATTRIBUTE_CHARS = 1 << 16
MAX_UNIT_ELEMENTS = 300_000
MAX_UNIT_CHARS = 8 << 20  # what is kept of one record's document; descriptions and drawings are not
MAX_DOCUMENT_BYTES = 4 << 30
MAX_MEMBERS = 100_000
MAX_MEMBER_BYTES = 1 << 30
MAX_ARCHIVE_BYTES = 16 << 30
MAX_RATIO = 200  # unpacked bytes a packed byte, above MIN_RATIO_BYTES
MIN_RATIO_BYTES = 1 << 20
MAX_ANSWER_BYTES = 16 << 20
"""A JSON answer of an office's service is read whole."""
