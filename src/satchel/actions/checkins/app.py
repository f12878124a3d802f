"""The app whose instances are an account's check-ins, as it is deployed where the account has none of its code.

An administrator may deploy a later version with an order of work of its own: what follows a check-in is up to them, as
long as the fields below stay in its start form.
"""

from satchel.model.app import Manifest
from satchel.model.app_yaml.bundle import MANIFEST_FILE, PROCESS_FILE
from satchel.model.app_yaml.plain_process import plain_process
from satchel.model.fields import FieldType
from satchel.model.ids import FieldId

CODE = "CHECKIN"

PERSON, LATITUDE, LONGITUDE = FieldId("person"), FieldId("latitude"), FieldId("longitude")
ADDRESS, PRECISION, NOTE, IMAGES = FieldId("address"), FieldId("precision"), FieldId("note"), FieldId("images")

TYPES = {
    PERSON: FieldType.USER,
    LATITUDE: FieldType.DECIMAL,
    LONGITUDE: FieldType.DECIMAL,
    ADDRESS: FieldType.TEXT,
    PRECISION: FieldType.INTEGER,
    NOTE: FieldType.MULTILINE,
    IMAGES: FieldType.PHOTO,
}
"""What an app of that code must have to be one for check-ins; it may have more."""

MAX_ADDRESS_CHARS = 1_024
MAX_NOTE_CHARS = 10_000
MAX_PRECISION_M = 1_000_000

_MANIFEST = f"""\
code: {CODE}
name: Check-ins
category: Field service
description: Where somebody was, with a comment and images. Clients of the Navixy surface make these.
title: "{{{{ address }}}}"
fields:
  - {{number: 0, id: {PERSON}, label: Who, type: user, searchable: true}}
  - {{number: 1, id: {LATITUDE}, label: Latitude, type: decimal, min: -90, max: 90, searchable: true}}
  - {{number: 2, id: {LONGITUDE}, label: Longitude, type: decimal, min: -180, max: 180, searchable: true}}
  - {{number: 3, id: {ADDRESS}, label: Address, type: text, max_length: {MAX_ADDRESS_CHARS}, searchable: true}}
  - {{number: 4, id: {PRECISION}, label: Precision in metres, type: integer, min: 0, max: {MAX_PRECISION_M}}}
  - {{number: 5, id: {NOTE}, label: Comment, type: multiline, max_length: {MAX_NOTE_CHARS}, searchable: true}}
  - {{number: 6, id: {IMAGES}, label: Images, type: photo}}
start:
  fields:
    {{{PERSON}: require, {LATITUDE}: require, {LONGITUDE}: require, {ADDRESS}: edit, {PRECISION}: edit, {NOTE}: edit,
     {IMAGES}: edit}}
"""

BUNDLE = {MANIFEST_FILE: _MANIFEST.encode(), PROCESS_FILE: plain_process(None)}
"""Its files by name."""


def is_for_checkins(manifest: Manifest) -> bool:
    """Return whether an app has the fields of check-ins; an account may have another of the same code."""
    return all((found := manifest.field(name)) and found.type is kind for name, kind in TYPES.items())
