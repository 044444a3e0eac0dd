"""What a check says of one field."""

from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check noticed: `zh` and `en` are one sentence each, what is wrong and how to mend it.

    `value` is what was found, at most 200 characters of it; `field` is "" when the whole row is meant.
    """

    rule: str
    severity: Severity
    field: str
    value: str
    zh: str
    en: str

    def as_dict(self) -> dict[str, str]:
        """Return the six members under their own names."""
        return asdict(self)


def has_error(findings: list[Finding]) -> bool:
    """Return whether any finding is an error, so that the record is refused or quarantined."""
    return any(found.severity == "error" for found in findings)
