"""Files for the tests of the XML readers: written, opened, read."""

import zipfile
from pathlib import Path

from records.draft import Draft
from records.xml import source


def written(folder: Path, content: str | bytes, name: str = "a.xml") -> Path:
    """Return the path of a file with that content; text is written as UTF-8."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def drafts(folder: Path, content: str | bytes) -> list[Draft]:
    """Return what a file with that content states."""
    return list(source.open(written(folder, content)).drafts())


def one(folder: Path, content: str | bytes) -> Draft:
    """Return the one draft of a file with that content."""
    (found,) = drafts(folder, content)
    return found


def zipped(folder: Path, members: dict[str, str | bytes]) -> Path:
    """Return the path of a zip with those members."""
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def us_grant(number: str = "13648029", patent: str = "08930553", *, more: str = "", biblio: str = "") -> str:
    """Return a US grant, as USPTO writes it in its weekly files, without the declaration."""
    return f"""<us-patent-grant lang="EN" country="US" file="US{patent}.XML">
<us-bibliographic-data-grant>
<publication-reference><document-id><country>US</country><doc-number>{patent}</doc-number><kind>B2</kind>
<date>20150106</date></document-id></publication-reference>
<application-reference appl-type="utility"><document-id><country>US</country><doc-number>{number}</doc-number>
<date>20121009</date></document-id></application-reference>
<invention-title id="d2e53">Managing <i>messages</i> number {number}</invention-title>
{biblio}
</us-bibliographic-data-grant>
<description><p>{"long text " * 50}</p></description>
<claims><claim id="CLM-00001"><claim-text>1. A lamp, <claim-text>with a switch.</claim-text></claim-text></claim>
<claim id="CLM-00002"><claim-text>2. The lamp of claim 1.</claim-text></claim></claims>{more}
</us-patent-grant>
"""
