"""What the clients of other vendors read: every message that has a noun of our own has another text for them."""

import re

import pytest

from satchel.model.errors import BadFile, Busy, FieldFault, SatchelError, UploadExpired
from satchel.surfaces.kit.wording import error_text, fault_text

OURS = re.compile(r"upload|claim|ticket", re.IGNORECASE)


@pytest.mark.parametrize("code", ["unknown_upload", "upload_used", "upload_expired", "upload_not_finished"])
def test_the_fault_of_an_upload_is_that_of_a_file(code: str) -> None:
    assert not OURS.search(fault_text(FieldFault(field="x", code=code, message="Upload 243 was claimed already.")))


@pytest.mark.parametrize(
    "error",
    [
        UploadExpired(243, "expired"),
        BadFile("too_many_unclaimed", "3 uploads wait to be claimed there."),
        Busy("Another request is writing to upload 243."),
    ],
)
def test_so_is_its_error_and_any_other_text_stays(error: SatchelError) -> None:
    assert not OURS.search(error_text(error))
    assert error_text(BadFile("file_type", "x.exe is not of a type accepted there.")).startswith("x.exe")
