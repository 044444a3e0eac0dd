"""Who may see a record unless somebody says otherwise."""

from records import kinds, legal_status
from records.body import Record


def default_audience(record: Record) -> str:
    """Return "federation" for what is published and for registers meant for all, else "path"; never "public".

    A right is published if it states a publication or grant with number and date. The office's own search lists dates
    and a legal status without numbers, so a stated publication date, or a legal status that only a published
    application or right can have, counts as well. Of kinds that this program does not know, nothing is assumed: "path".
    """
    kind = kinds.get(record.kind)
    if kind is None:
        return "path"
    if kind.category == "right" and _is_published(record):
        return kind.schema.get("x-audience-published", "path")
    return kind.schema.get("x-audience", "path")


def _is_published(record: Record) -> bool:
    fields = record.fields
    if fields.get("publication_date") or legal_status.is_published(str(fields.get("status_text", ""))):
        return True
    return any(item.get("no") and item.get("date") for item in fields.get("publications", ()))
