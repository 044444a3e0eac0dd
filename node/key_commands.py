"""The `keys` commands of every program: which keys are in use, and replacing them (docs/keys.md)."""

from dataclasses import asdict
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import click

from node import authority, fingerprint, keyfiles, nightly, root_keys, rotating, succession
from node.commands import acting_on, opened
from node.frame import Group, passed
from node.messages import N_, _
from node.node import Node
from node.report import Context
from node.serving import hosts

_finish = click.option(
    "--finish",
    is_flag=True,
    help=N_("For authority: change over now. Who has not learned of the new one is locked out, and named."),
)


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
            "proved; a copy of them signs nothing more that counts. Or replace the authority of this node's own doors."
            "\n\nExample: keys rotate log\nExample: keys rotate authority"
        ),
    )
    @click.argument("kind", type=click.Choice((*keyfiles.KINDS, "authority")))
    @_finish
    @passed
    def rotate(context: Context, kind: str, finish: bool) -> None:
        node = _checked(context, kind, finish)
        if kind == "authority":
            _rotate_authority(context, node, finish)
            return
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
            "in its next session. The authority of the hub's doors needs no root keys.\n\n"
            "Example: keys rotate log --root-keys /media/usb/root-keys\n"
            "Example: keys rotate root --root-keys /media/usb/root-keys --new-root-keys /media/usb2/root-keys\n"
            "Example: keys rotate authority"
        ),
    )
    @click.argument("kind", type=click.Choice(("log", "mirror", "root", "authority")))
    @click.option(
        "--root-keys",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help=N_("Where the two files of the root are, brought for this command; for all but authority."),
    )
    @click.option(
        "--new-root-keys",
        type=click.Path(file_okay=False, path_type=Path),
        help=N_("Where the files of the new root go, to be carried away; for root only."),
    )
    @_finish
    @passed
    def rotate(context: Context, kind: str, root_keys: Path | None, new_root_keys: Path | None, finish: bool) -> None:
        if (kind == "root") != (new_root_keys is not None):
            raise click.UsageError(_("`keys rotate root` needs --new-root-keys, and no other does."))
        node = _checked(context, kind, finish)
        if kind == "authority":
            _rotate_authority(context, node, finish)
            return
        if root_keys is None:
            raise click.UsageError(_("`keys rotate {kind}` needs --root-keys.").format(kind=kind))
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


def _checked(context: Context, kind: str, finish: bool) -> Node:
    if finish and kind != "authority":
        raise click.UsageError(_("--finish goes with `keys rotate authority` only."))
    return opened(context)


def _rotate_authority(context: Context, node: Node, finish: bool) -> None:
    """Begin with the next authority, go on with the one that was begun, or `finish` it; say who is awaited."""
    if not authority.held(node.home):
        raise succession.NoAuthority(node.origin)
    acting_on(context, node, "keys rotate", "authority --finish" if finish else "authority")
    with node.opened() as here:
        if finish:
            locked_out, awaited = succession.finish(node, here, hosts(node)), None
        else:
            succession.begin(node)
            locked_out, awaited = None, succession.settle(node, here, hosts(node))
    _say(context, locked_out, awaited)
    rows = _authorities(node)
    context.say(_("In use from now on: {public}").format(public=rows[-1]["public"]))
    context.emit(
        {
            "rotated": "authority",
            "done": awaited is None,
            "awaited": asdict(awaited) if awaited else None,
            "locked_out": asdict(locked_out) if locked_out else None,
            "keys": rows,
        }
    )


def _say(context: Context, locked_out: succession.Awaited | None, awaited: succession.Awaited | None) -> None:
    if awaited:
        context.say(_("Both authorities count. The doors show the new one once these have called with it:"))
    elif locked_out:
        context.say(_("Done. These are locked out until they are invited again; they join with the keys they have:"))
    else:
        context.say(_("Done. The old authority's key is deleted, and its certificates open nothing more."))
    named = awaited or locked_out or succession.Awaited((), (), ())
    for origin in named.children:
        context.say(f"  {origin}")
    for origin in named.invited:
        context.say("  " + _("an open invitation: {origin}").format(origin=origin or _("whoever has it")))
    for origin in named.asking:
        context.say("  " + _("a request that waits: {origin}").format(origin=origin))
    if awaited:
        context.say(_("That goes on every night by itself. `keys rotate authority --finish` does not wait for them."))


def _authorities(node: Node) -> list[dict[str, Any]]:
    found = authority.held(node.home)
    return [
        {"kind": "authority", "generation": number, "public": fingerprint.of_hex(sha256(der).digest())}
        for number, der in zip(found, authority.authorities_der(node.home), strict=True)
    ]


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
    rows: list[dict[str, Any]] = [{"kind": kind, "generation": at[kind], "public": one} for kind, one in public]
    return rows + _authorities(node)


def _short(public: str) -> str:
    """Return what tells keys apart on a screen: an ML-DSA key has 1,800 characters."""
    return public if len(public) <= 160 else public[:80] + "…"
