"""Safeguards of records: what is published of them, decided on them, and shown of them."""

import node.exporting
from catalog import answers, composing, decisions, exporting, showing, standing, statements, views
from node import inbox, report, roles
from records import audience, licence, schema_rules, splitting
from records.writers import comma_separated
from tests.safeguards.switch import Safeguard, passes, put, without

NODE = "tests/node/"
DECISIONS = "tests/catalog/test_decisions.py::"
RECORDS = "tests/records/"


ROWS = [
    # -- records
    Safeguard(
        "narrow-fields",
        "contacts and contract sums stay out of the parts that many see",
        put(audience, "_narrower", lambda kind: {}),
        f"{NODE}test_versions.py::test_a_field_that_is_narrower_is_left_out_of_the_wider_part",
    ),
    Safeguard(
        "unpublished",
        "what is not published goes no further than its path by itself",
        put(audience.view, "is_published", lambda fields, kind: True),
        f"{RECORDS}test_view.py::test_only_what_is_published_leaves_its_path",
    ),
    Safeguard(
        "terms",
        "what its source does not let leave stays",
        without(licence, "may_leave", ('limit == "yes" or over', "True")),
        f"{RECORDS}test_licence.py::test_a_limit_holds",
    ),
    Safeguard(
        "kind-form",
        "a published kind uses no more of JSON Schema than ours do",
        without(schema_rules, "_faults", ("in _form().iter_errors(schema)", "in ()")),
        f"{RECORDS}test_new_kinds.py::test_a_schema_that_is_not_usable_is_refused_with_the_reason",
    ),
    # -- what leaves as a file
    Safeguard(
        "export-view",
        "an export holds what its audience may see",
        put(node.exporting, "VIEWS", {"open": views.FULL, "internal": views.FULL}),
        f"{NODE}test_exporting.py::test_what_is_not_meant_for_all_stays_here[ip.gd.example/gz]",
    ),
    Safeguard(
        "export-licence",
        "nothing of a statement that may not leave is in a file",
        without(exporting.Export, "_may_leave", ("if why:", "if False:")),
        "tests/catalog/test_exporting.py::test_no_field_of_a_statement_that_may_not_leave_remains",
    ),
    Safeguard(
        "csv-inert",
        "no spreadsheet runs a cell",
        put(comma_separated, "inert", lambda text: text),
        "tests/records/test_writers.py::test_no_cell_of_a_table_is_run",
    ),
    # -- verdicts and decisions
    Safeguard(
        "verdict-size",
        "an outlet inflates no more of a verdict than it declares, and no more than 4 MiB",
        without(answers, "_inflated", ("if not 0 < size <= MAX_OPENED_BYTES:", "if False:")),
        "tests/catalog/test_answers.py::test_a_frame_that_declares_more_than_an_outlet_opens_is_refused_unread",
    ),
    Safeguard(
        "verdict-places",
        "a verdict answers for entries that there are",
        without(answers, "indices", ("if end > last or count > most:", "if False:")),
        "tests/catalog/test_answers.py::test_runs_beyond_the_log_are_refused_before_they_are_counted[at2]",
    ),
    Safeguard(
        "decision-say",
        "nobody decides on records of another node's outlets",
        without(decisions, "_rank", ("return 1 if author == me else 0", "return 1")),
        f"{DECISIONS}test_the_hub_goes_before_the_home_and_an_alliance_counts_for_itself[said7-ip.example-False]",
    ),
    Safeguard(
        "decision-fixed",
        "nobody releases what the catalogue cannot use",
        put(decisions, "FIXED", frozenset()),
        f"{DECISIONS}test_what_cannot_be_used_is_not_released[filed1]",
    ),
    Safeguard(
        "decision-role",
        "who may look only decides nothing",
        put(roles, "check", passes),
        f"{NODE}test_quarantine.py::test_an_observer_or_somebody_unnamed_may_only_look[observer]",
    ),
    # -- what others wrote
    Safeguard(
        "verdict-swell",
        "a small verdict cannot become very much text",
        put(answers, "_check_told", passes),
        "tests/catalog/test_answers.py::test_a_verdict_that_becomes_very_much_text_is_refused_before_it_does[a-little]",
    ),
    Safeguard(
        "decision-places",
        "a decision is a bounded number of rows",
        put(statements, "MAX_PLACES", 1 << 20),
        f"{DECISIONS}test_a_decision_on_more_places_than_anybody_makes_decides_nothing[1-5001]",
    ),
    Safeguard(
        "hidden-numbers",
        "what is stated for others leads nobody to a record",
        without(showing, "find_key", ('f"views & {view} <> 0"', '"views & 7 <> 0"')),
        "tests/catalog/test_showing.py::test_a_number_that_is_stated_for_others_leads_to_nothing",
    ),
    Safeguard(
        "event-rank",
        "a stranger's event does not change the status of a right",
        put(standing, "speakers", lambda *_of: frozenset()),
        "tests/catalog/test_sources.py::test_a_stranger_does_not_end_the_right_of_somebody_else",
    ),
    Safeguard(
        "claim-rank",
        "who is shown and not merged claims no numbers",
        without(composing.Composer, "_counting", ("one.rank != merge.OTHER", "True")),
        "tests/catalog/test_sources.py::test_what_a_stranger_says_of_a_right_claims_no_number",
    ),
    Safeguard(
        "terminal",
        "what others wrote controls no terminal",
        put(report, "_lines", str),
        f"{NODE}test_frame.py::test_what_others_wrote_controls_no_terminal",
    ),
    Safeguard(
        "inbox-names",
        "no file's name stops the inbox",
        put(inbox, "_usable", str),
        f"{NODE}test_inbox.py::test_whatever_a_file_is_called_it_stops_no_other",
        also="UnicodeEncodeError",
    ),
    Safeguard(
        "json-depth",
        "JSON in a file is nested a little only",
        put(splitting, "MAX_DEPTH", 1 << 20),
        f"{RECORDS}readers/test_hostile.py::test_json_that_is_nested_deep",
    ),
]
