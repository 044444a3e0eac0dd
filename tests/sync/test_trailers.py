"""Refusals as they travel: what the other side says in trailers is as little trusted as anything else."""

import re

import grpc
import pytest

from sync import errors, refusals


class Answered(grpc.RpcError, grpc.Call):
    """A failed call with these trailers."""

    def __init__(self, reason: str, facts: str):
        self._trailers = ((refusals.REASON, reason), (refusals.FACTS, facts))

    def trailing_metadata(self):
        return self._trailers

    def code(self):
        return grpc.StatusCode.FAILED_PRECONDITION

    def details(self):
        return "said by the other side"

    def _none(self, *_given):
        raise NotImplementedError

    initial_metadata = add_callback = cancel = is_active = time_remaining = _none


def understood(reason: str, facts: str) -> Exception:
    return refusals.understood(Answered(reason, facts), "ip.gd.example/gz")


@pytest.mark.parametrize("kind", refusals.TABLE)
@pytest.mark.parametrize("facts", ["", "7", "a,b,c,d,e,f"])
def test_a_refusal_has_the_facts_that_its_class_names_however_many_were_sent(kind, facts):
    found = understood(refusals.TABLE[kind][1], facts)
    names = re.search(r": \(([^)]*)\)", kind.__doc__ or "")
    named = len([one for one in names[1].split(",") if one]) if names else 0
    assert isinstance(found, kind if kind is not errors.OldSize or facts == "7" else errors.Refused)
    assert len(found.args) == (named if isinstance(found, kind) else 3)


@pytest.mark.parametrize("facts", ["", "many", "-1", "\u0663"])
def test_an_old_size_without_a_size_is_a_refusal_and_no_broken_session(facts):
    assert isinstance(understood("OLD_SIZE", facts), errors.Refused)


def test_a_fact_keeps_its_commas():
    assert understood("NEEDS_RECOVERY", "ip.gd.example,waiting: 1 of 3, since the start").args == (
        "ip.gd.example",
        "waiting: 1 of 3, since the start",
    )


def test_facts_are_printable_whatever_was_asked_for():
    assert refusals.as_facts(("a\nb\x00\x7f", "广", 3)) == "a?b??,?,3"
    assert len(refusals.as_facts(("x" * 1000,))) == 400
