"""The `keys` commands of every program: which keys are in use, and replacing them (docs/keys.md)."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from node import keyfiles, nightly, root_keys, rotating
from node.commands import acting_on, opened
from node.frame import Group, passed
from node.messages import N_, _
from node.node import Node
from node.report import Context


def add(top: Group, hub: bool = False) -> None:
    """Add `keys show` and `keys rotate`; a hub's keys change by a root statement, for which the root's are needed."""

    @top.group("keys", help=N_("The keys of this node: which are in use, and replacing them.\n\nExample: keys show"))
    def keys() -> None:
        pass

    @keys.command(
        "show", help=N_("Show the public keys in use, and how often each was replaced.\n\nExample: keys show")
    )
    @passed
    def show(context: Context) -> None:
        rows = _rows(opened(context))
        if context.json:
            context.emit(rows)
        else:
            short = [{**row, "public": _short(row["public"])} for row in rows]
            context.table(short, [("kind", _("key")), ("generation", _("generation")), ("public", _("public key"))])

    if hub:
        _add_to_hub(keys)
    else:
        _add_to_child(keys)


def _add_to_child(keys: Any) -> None:
    @keys.command(
        "rotate",
        help=N_(
            "Replace the log, mirror or hpke keys through the home, while all runs. What the old ones signed stays "
            "proved; a copy of them signs nothing more that counts.\n\nExample: keys rotate log"
        ),
    )
    @click.argument("kind", type=click.Choice(tuple(keyfiles.KINDS)))
    @passed
    def rotate(context: Context, kind: str) -> None:
        node = opened(context)
        acting_on(context, node, "keys rotate", kind)
        rotating.rotate(node, [kind], partial(nightly.call, node))
        night = nightly.run(node)
        for parent in sorted(night.failures):
            context.warn(_("{parent} will learn of the new keys in a later session.").format(parent=parent))
        _told(context, node, kind)


def _add_to_hub(keys: Any) -> None:
    @keys.command(
        "rotate",
        help=N_(
            "Replace the hub's log or mirror keys, or the root's, by the next root statement. Every node learns of it "
            "in its next session.\n\nExample: keys rotate log --root-keys /media/usb/root-keys\n"
            "Example: keys rotate root --root-keys /media/usb/root-keys --new-root-keys /media/usb2/root-keys"
        ),
    )
    @click.argument("kind", type=click.Choice(("log", "mirror", "root")))
    @click.option(
        "--root-keys",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        required=True,
        help=N_("Where the two files of the root are, brought for this command."),
    )
    @click.option(
        "--new-root-keys",
        type=click.Path(file_okay=False, path_type=Path),
        help=N_("Where the files of the new root go, to be carried away; for root only."),
    )
    @passed
    def rotate(context: Context, kind: str, root_keys: Path, new_root_keys: Path | None) -> None:
        if (kind == "root") != (new_root_keys is not None):
            raise click.UsageError(_("`keys rotate root` needs --new-root-keys, and no other does."))
        node = opened(context)
        acting_on(context, node, "keys rotate", kind)
        version = _rotate_hub(node, kind, root_keys, new_root_keys)
        with node.opened() as here:
            here.seal_as_hub()
        context.say(_("Root statement {version} is in force; every node learns of it.").format(version=version))
        if new_root_keys is not None:
            context.say(
                _("Carry the two files in {path} away; those in {old} say nothing more, destroy them.").format(
                    path=new_root_keys, old=root_keys
                )
            )
        _told(context, node, kind, version)


def _rotate_hub(node: Node, kind: str, carried: Path, new: Path | None) -> int:
    if new is not None:
        return root_keys.rotate_root(node, carried, new).version
    return root_keys.rotate_hub(node, [kind], carried).version


def _told(context: Context, node: Node, kind: str, version: int = 0) -> None:
    rows = _rows(node)
    for row in rows:
        if row["kind"] == kind:
            context.say(_("In use from now on: {public}").format(public=_short(row["public"])))
    context.emit({"rotated": kind, "keys": rows} | ({"root_version": version} if version else {}))


def _rows(node: Node) -> list[dict[str, Any]]:
    mine, at = node.keys, keyfiles.generations(node.home)
    public = [
        ("log", mine.log[0].verifier.encode()),
        ("log", mine.log[1].verifier.encode()),
        ("mirror", mine.mirror.verifier.encode()),
        ("hpke", mine.hpke_public.hex()),
    ]
    return [{"kind": kind, "generation": at[kind], "public": one} for kind, one in public]


def _short(public: str) -> str:
    """Return what tells keys apart on a screen: an ML-DSA key has 1,800 characters."""
    return public if len(public) <= 160 else public[:80] + "…"
