"""Safeguards of files that come in: the inbox, repositories, XML and archives."""

from node import harvest, inbox, repository
from records.xml import archive, limits, prolog
from tests.safeguards.switch import Safeguard, put, without

NODE = "tests/node/"
XML = "tests/records/xml/"


ROWS = [
    # -- what comes in
    Safeguard(
        "inbox-once",
        "a file of the inbox is filed once, though a crash came before it was moved",
        without(inbox.Inbox, "_settle_done", ("self.node.notebook.done_via(_via(item)) or ", "")),
        f"{NODE}test_inbox.py::test_a_crash_at_any_step_neither_loses_nor_doubles",
    ),
    Safeguard(
        "inbox-still",
        "a file that somebody still writes is left",
        put(inbox, "_is_written", lambda path: False),
        f"{NODE}test_inbox.py::test_a_file_that_still_grows_or_is_partial_is_left",
    ),
    Safeguard(
        "harvest-place",
        "a repository sends nobody to another place",
        put(repository, "_is_same_place", lambda url, target: True),
        f"{NODE}test_repository.py::test_only_a_redirect_within_the_same_place_is_followed",
    ),
    Safeguard(
        "harvest-bytes",
        "a page without end is cut off",
        without(repository._Client, "_read", ("if size > MAX_PAGE_BYTES:", "if False:")),
        f"{NODE}test_repository.py::test_a_page_without_end_is_cut_off",
    ),
    Safeguard(
        "harvest-doctype",
        "no document type of a page is read",
        without(repository._Client, "_strictly", ("if root.getroottree().docinfo.doctype:", "if False:")),
        f"{NODE}test_repository.py::test_a_page_that_is_no_answer_is_refused_with_its_bytes",
    ),
    Safeguard(
        "harvest-deleted",
        "what a repository has deleted stands here, and is told",
        without(harvest, "_report_deleted", ("node.notebook.add_late_findings(done.number, notes)", "pass")),
        f"{NODE}test_harvest.py::test_what_was_deleted_there_is_reported_and_stands_here",
    ),
    # -- files of XML
    Safeguard(
        "xml-dtd",
        "a DTD in a file declares images only",
        put(prolog, "_declaration", lambda data, place: (data.find(b">", place) + 1) or -1),
        f"{XML}test_prolog.py::test_any_other_declaration_is_refused",
    ),
    Safeguard(
        "xml-depth",
        "elements nest so deep",
        put(limits, "MAX_DEPTH", 10**9),
        f"{XML}test_documents.py::test_each_limit_is_held",
    ),
    Safeguard(
        "xml-size",
        "one record holds so much text",
        put(limits, "MAX_UNIT_CHARS", 10**12),
        f"{XML}test_documents.py::test_each_limit_is_held",
    ),
    Safeguard(
        "zip-names",
        "a member's name does not lead out of the archive",
        without(archive, "_judge", ('".." in parts', "False")),
        f"{XML}test_archive.py::test_a_member_that_is_not_read_is_listed_with_the_reason",
        also="ValueError",
    ),
    Safeguard(
        "zip-bombs",
        "a member unpacks to a multiple of itself at most",
        put(archive, "_is_bomb", lambda unpacked, packed: False),
        f"{XML}test_archive.py::test_a_member_that_is_not_read_is_listed_with_the_reason",
    ),
    Safeguard(
        "zip-links",
        "a link in an archive is not followed",
        without(archive, "_judge", ("stat.S_ISLNK(info.external_attr >> 16)", "False")),
        f"{XML}test_archive.py::test_a_link_and_an_encrypted_member_are_not_read",
    ),
]
