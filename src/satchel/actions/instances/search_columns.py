"""What a search finds an instance by: its slot columns and trigrams, computed whenever it is saved."""

from collections.abc import Mapping
from typing import cast

from satchel.actions.loading import LoadedApp
from satchel.db.instances import SearchValues
from satchel.model.fields import SlotKind, slot_kind
from satchel.model.ids import AccountId, AppId, FieldId
from satchel.model.search.query import SLOT_CHARS, chosen_text, slot_value
from satchel.model.search.trigrams import fold, trigrams_of_all


def searched(app: LoadedApp, title: str, values: Mapping[str, object]) -> SearchValues:
    """Return what searches find an instance by, from its title and its canonical values."""
    columns: dict[str, object] = {}
    long_texts: dict[str, str] = {}
    texts = [(title_prefix(app.account_id), title)]
    for slot in app.slots:
        field = app.manifest.field(slot.field_id)
        value = values.get(slot.field_id) if field is not None and field.searchable else None
        columns[f"{slot.kind}_{slot.slot}"] = slot_value(field, value) if field is not None else None
        if field is not None and value is not None and slot_kind(field.type) is SlotKind.TEXT:
            text = chosen_text(cast("list[str]", value)) if isinstance(value, list) else str(value)
            texts.append((field_prefix(app.account_id, app.app_id, field.id), text))
            if len(text) > SLOT_CHARS or len(fold(text)) > SLOT_CHARS:
                long_texts[field.id] = fold(text)
    return SearchValues(title_folded=fold(title), slots=columns, grams=trigrams_of_all(texts), long_texts=long_texts)


def title_prefix(account: AccountId) -> str:
    """Return what keeps the trigrams of an account's titles apart from all others in the one index."""
    return f"{account}:"


def field_prefix(account: AccountId, app: AppId, field: FieldId) -> str:
    """Return what keeps the trigrams of one field of one app apart from all others in the one index."""
    return f"{account}.{app}.{field}:"
