"""A plant patent as the plant variety that it protects: its fields under the names of that kind."""

from records.xml.form import Form

_RENAMED = {"application_no": "variety_no", "title": "name", "inventors": "breeders", "abstract": "features"}
_KEPT = ("office", "owners", "filing_date", "status_text", "status_date", "expiry_date")


def renamed(form: Form, name: str, species: str) -> Form:
    """Turn a patent's form into a variety's: `name` and `species` are those of the plant, "" if not stated.

    Kind code P1 and P4 publish a US application, P2 and P3 a grant; what the kind has no field for is left out.
    """
    old = form.values
    values = {new: old[field] for field, new in _RENAMED.items() if field in old}
    values |= {field: old[field] for field in _KEPT if field in old}
    for one in old.get("publications", ()):
        granted = one.get("kind", "") in ("P", "P2", "P3")
        if "date" in one:
            values.setdefault("grant_date" if granted else "publication_date", one["date"])
    values |= {field: text for field, text in (("name", name), ("species", species)) if text}
    form.values = values
    return form
