"""The page of the native API lists exactly the routes that there are."""

from house.api_page import PAGE, page


def test_the_page_of_the_api_is_up_to_date() -> None:
    present = PAGE.read_text(encoding="utf-8")
    assert present == page(present), "run `make reference`"
