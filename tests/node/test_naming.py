"""Nodes named by people."""

from types import SimpleNamespace

import pytest

from node.naming import whole_origin


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("", ""),
        ("ip.gd.example", "ip.gd.example"),
        ("ip.gd.example/gz", "ip.gd.example/gz"),
        ("gz", "ip.gd.example/gz"),
        ("gz/scut.g2", "ip.gd.example/gz/scut.g2"),
        ("gz.g2", "ip.gd.example/gz.g2"),
        ("org.example/gz", "org.example/gz"),
    ],
)
def test_a_name_without_the_federations_is_in_it_and_another_federations_stays(said, meant):
    node = SimpleNamespace(federation=SimpleNamespace(name="ip.gd.example"))
    assert whole_origin(node, said) == meant
