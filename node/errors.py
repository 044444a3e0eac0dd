"""What `node` refuses. Each class carries its sentence for people (English, the key of the translation) and its facts.

A subclass may live beside the code that raises it; a test finds every one and looks for its sentence and translation.
"""

from typing import ClassVar

from node.messages import N_


class NodeError(Exception):
    """Base of everything that `node` refuses: `facts` names the arguments, `sentence` says them to a person."""

    facts: ClassVar[tuple[str, ...]] = ()
    sentence: ClassVar[str] = ""

    def __init__(self, *given: object) -> None:
        if len(given) != len(self.facts):
            raise TypeError(f"{type(self).__name__} takes {self.facts}")
        super().__init__(*given)

    def named(self) -> dict[str, object]:
        """Return the arguments by name, as `sentence` has them in braces."""
        return dict(zip(self.facts, self.args, strict=True))


class NoHome(NodeError):
    """No node lives in this directory: (path, command)."""

    facts = ("path", "command")
    sentence = N_(
        "There is no node in {path}: it has no node.toml. Make one with `{command}`, or name another home with --home."
    )


class WrongProgram(NodeError):
    """A node of one tier is run by the program of that tier alone: (origin, program, right)."""

    facts = ("origin", "program", "right")
    sentence = N_(
        "{origin} is run by `{right}`, not by `{program}`. Use that program, or another home or invitation. "
        "Nothing was changed."
    )


class HomeExists(NodeError):
    """A new home needs an empty place: (path,)."""

    facts = ("path",)
    sentence = N_("{path} is not empty, so no new node is made there. Choose an empty or missing directory.")


class FileChanged(NodeError):
    """A file was written to while it was read: (file,)."""

    facts = ("file",)
    sentence = N_(
        "{file} was written to while it was read. Nothing of it is filed. Import it again once it stands still."
    )


class Busy(NodeError):
    """Another process works on this home: (name, path)."""

    facts = ("name", "path")
    sentence = N_(
        "Another process is doing `{name}` in this home. Wait until it has finished and try again; lock file: {path}"
    )


class BadSetting(NodeError):
    """A setting that cannot be understood: (setting, value, expected)."""

    facts = ("setting", "value", "expected")
    sentence = N_("The setting {setting} has the value {value}, expected: {expected}. Correct it in node.toml.")


class UnknownSetting(NodeError):
    """A setting that does not exist: (setting,)."""

    facts = ("setting",)
    sentence = N_("There is no setting {setting}. Correct its name in node.toml, or remove it.")


class KeysExist(NodeError):
    """Keys are made once: (path,)."""

    facts = ("path",)
    sentence = N_("The key {path} exists already and is never replaced. To make a new node, choose another home.")


class KeysMissing(NodeError):
    """A key file that cannot be read whole: (path,)."""

    facts = ("path",)
    sentence = N_("The key {path} is missing or damaged. Bring it back from the key backup, or join again.")


class KeysExposed(NodeError):
    """Others can read a private key: (path, mode as octal text)."""

    facts = ("path", "mode")
    sentence = N_(
        "Other users of this machine can read the key {path} (mode {mode}), so it is not used. "
        "If nobody has read it, run `chmod 600` on it."
    )


class NotJoined(NodeError):
    """No client certificate for this parent: (parent,)."""

    facts = ("parent",)
    sentence = N_("This node has not joined {parent} yet. Ask its operator for an invitation and run `join`.")


class BadCertificate(NodeError):
    """A certificate or a request for one that is refused: (why,)."""

    facts = ("why",)
    sentence = N_("The certificate or certificate request is refused: {why}. Let the node that sent it make a new one.")


class WrongPeer(NodeError):
    """A certificate that names somebody else: (expected, found)."""

    facts = ("expected", "found")
    sentence = N_("The certificate is for {found}, not for {expected}. Check the address, or ask for a new invitation.")


class NotBound(NodeError):
    """A door cannot be opened: (address,)."""

    facts = ("address",)
    sentence = N_("Cannot listen on {address}: another program uses it, or it is no address of this machine.")


class BadToken(NodeError):
    """A text that is not an invitation token: (why,)."""

    facts = ("why",)
    sentence = N_("This is not a whole invitation token: {why}. Copy the line again from beginning to end.")


class NoInvitation(NodeError):
    """Nobody was invited with this secret: ()."""

    sentence = N_("The parent does not know this invitation. Ask its operator for a new one.")


class TokenExpired(NodeError):
    """An invitation too old: (expires, POSIX seconds)."""

    facts = ("expires",)
    sentence = N_("The invitation has expired at {expires}. Ask the operator for a new one.")


class TokenWithdrawn(NodeError):
    """An invitation that was taken back: (origin,)."""

    facts = ("origin",)
    sentence = N_("The invitation for {origin} was withdrawn. Ask the operator why, and for a new one.")


class TokenUsed(NodeError):
    """A used invitation shown again with other keys: (origin,)."""

    facts = ("origin",)
    sentence = N_(
        "The invitation for {origin} was used already, with other keys. If that was not you, tell the operator now; "
        "otherwise ask for a new one."
    )


class NotOurs(NodeError):
    """An invitation or a request for a name that another node registers: (origin, here)."""

    facts = ("origin", "here")
    sentence = N_(
        "{origin} is not registered by {here}, so it cannot be invited here. Names given here begin with {here}/ and "
        "go on with one word of a-z, 0-9 and hyphens."
    )


class RoleNotHere(NodeError):
    """A node of this role cannot be below a node of that role: (role, here)."""

    facts = ("role", "here")
    sentence = N_("A node of role {role} cannot be registered by {here}. Invite it at the hub or at a substation.")


class NoSubmission(NodeError):
    """No import has this number: (number,)."""

    facts = ("number",)
    sentence = N_("There is no submission number {number} here. `receipts` lists them.")


class MissingStore(NodeError):
    """A database of this home is gone: (path,)."""

    facts = ("path",)
    sentence = N_("{path} is missing. Bring it back from the backup; a new empty one is never made in its place.")


class DatabaseUnusable(NodeError):
    """SQLite cannot read or write a database, for a cause outside the program: (why,)."""

    facts = ("why",)
    sentence = N_(
        "A database of this home cannot be used: {why}. Check free space, rights and the disk, then do the same again; "
        "what was answered before is kept."
    )


class Interrupted(NodeError):
    """A job stopped before its end because it was asked to: (job,)."""

    facts = ("job",)
    sentence = N_("{job} was stopped before its end. It goes on from there when it is run again.")
