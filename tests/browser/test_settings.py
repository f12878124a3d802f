"""What people set for themselves: profile, this device, password, programs that act for them, sessions."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from browser.axe import axe
from browser.offices import Office
from browser.visiting import Scheme, Visits, every_look
from browser.watching import Watch

NEW_PASSWORD = "a long and new one"  # of a test's own account


def _part(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def _row(page: Page, part: str, text: str) -> Locator:
    return _part(page, part).get_by_role("listitem").filter(has_text=text)


async def _answers(office: Office, headers: dict[str, str]) -> int:
    return (await office.door.get("/api/v1/me", headers=headers)).status_code


async def _in_sight(page: Page) -> None:
    """Fail where the page is wider than its window."""
    assert await page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


@every_look
async def test_every_part_of_the_settings_is_there_without_a_fault(visit: Visits, width: int, scheme: Scheme) -> None:
    await visit.office.session("buyer")
    page = await visit("/me", who="buyer", width=width, scheme=scheme)

    await expect(page.get_by_label("E-mail")).to_have_value(visit.office.logins["buyer"].email)
    await expect(_part(page, "Access for programs").get_by_role("listitem")).not_to_have_count(0)
    await expect(_part(page, "Sessions").get_by_role("listitem")).to_have_count(2)
    await axe(page)
    await _in_sight(page)

    await page.get_by_role("button", name="New access for a program").click()
    await axe(page)
    await _in_sight(page)


@pytest.mark.parametrize("width", [1280, 390])
async def test_the_settings_are_reached_from_the_foot_of_the_rail_and_on_a_phone_from_more(
    visit: Visits, width: int
) -> None:
    page = await visit("/work", who="buyer", width=width)
    if width < 600:
        await page.get_by_role("button", name="More").click()
        await page.get_by_role("link", name="Settings").click()
    else:
        await page.get_by_role("link", name="Bela Buyer").click()
        await expect(page.get_by_role("link", name="Bela Buyer")).to_have_attribute("aria-current", "page")

    await expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    await expect(page).to_have_title("Settings · Satchel")
    await expect(page.locator("main")).to_be_focused()


async def test_a_profile_is_saved_and_the_rail_shows_the_new_name(visit: Visits) -> None:
    page = await visit("/me", who="buyer")
    await page.get_by_label("Name", exact=True).fill("Bela B. Buyer")
    await page.get_by_label("Language").select_option(label="日本語")
    await page.get_by_label("Time zone").select_option("Asia/Tokyo")
    await page.get_by_label("Name", exact=True).press("Enter")

    await expect(page.get_by_text("Your profile is saved.")).to_be_visible()
    await expect(page.get_by_role("link", name="Bela B. Buyer")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Language")).to_have_value("ja")
    await expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    await page.get_by_role("button", name="Use Europe/Berlin").click()
    await expect(page.get_by_label("Time zone")).to_have_value("Europe/Berlin")


async def test_a_profile_without_a_name_is_not_sent_and_one_that_is_refused_says_why(
    visit: Visits, watch: Watch
) -> None:
    page = await visit("/me", who="buyer")
    name = page.get_by_label("Name", exact=True)
    await name.fill("  ")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Enter your name.")).to_be_visible()
    await expect(name).to_be_focused()

    watch.expect("request: PATCH /api/v1/me 422")
    await name.fill("Bela\u200bBuyer")
    await page.get_by_role("button", name="Save").click()

    await expect(_part(page, "Profile").get_by_role("alert")).to_contain_text("printable characters")
    await expect(name).to_have_value("Bela\u200bBuyer")


BACKGROUND = "() => getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(247, 246, 243)", "rgb(22, 23, 26)"
PAINTED = """
new MutationObserver(() => {
  if (document.body !== null && window.themeAtBody === undefined) {
    window.themeAtBody = document.documentElement.dataset.theme ?? "none";
  }
}).observe(document, { childList: true, subtree: true });
"""
"""Notes the theme at the moment when there is a body, which is before anything of it can be painted."""


@every_look
async def test_a_theme_is_kept_on_the_device_and_set_before_anything_is_painted(
    visit: Visits, width: int, scheme: Scheme
) -> None:
    page = await visit("/me", who="buyer", width=width, scheme=scheme)
    other, expected = ("dark", DARK) if scheme == "light" else ("light", LIGHT)
    await page.get_by_role("radio", name=other.capitalize()).check(force=True)
    assert await page.evaluate(BACKGROUND) == expected
    await axe(page)

    await page.add_init_script(PAINTED)
    await page.reload()
    await expect(page.get_by_role("radio", name=other.capitalize())).to_be_checked()
    assert await page.evaluate("() => window.themeAtBody") == other
    assert await page.evaluate(BACKGROUND) == expected

    await page.get_by_role("radio", name="System").check(force=True)
    assert await page.evaluate(BACKGROUND) == (LIGHT if scheme == "light" else DARK)


async def test_another_tab_takes_the_theme_over_and_paper_stays_light(visit: Visits) -> None:
    page = await visit("/me", who="buyer")
    beside = await page.context.new_page()
    await beside.goto("/work")
    await expect(beside.get_by_role("heading", name="My work")).to_be_visible()

    await page.get_by_role("radio", name="Dark").check(force=True)

    await expect(beside.locator("html")).to_have_attribute("data-theme", "dark")
    await beside.emulate_media(media="print")
    assert await beside.evaluate("() => getComputedStyle(document.documentElement).colorScheme") == "light"


async def test_a_browser_that_keeps_nothing_says_so_and_the_theme_holds_meanwhile(visit: Visits) -> None:
    context = await visit.context()
    await visit.sign_in(context, "buyer")
    page = await context.new_page()
    await page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full'); };")
    await page.goto("/me")

    await page.get_by_role("radio", name="Dark").check(force=True)

    await expect(page.get_by_text("This browser keeps nothing for Satchel")).to_be_visible()
    assert await page.evaluate(BACKGROUND) == DARK


async def test_single_keys_are_switched_off_and_stay_off(visit: Visits) -> None:
    values = {"product": "Desk lamp", "supplier": "Lumen"}
    await visit.office.stage.start("buyer", "EVA", values, {"description": ["catalog.pdf"]})
    page = await visit("/work?tab=offered", who="buyer")
    await expect(page.locator("tr.row")).to_have_count(1)
    await page.keyboard.press("?")
    await page.get_by_role("dialog").get_by_role("link", name="Switch single keys off").click()
    await page.get_by_role("checkbox", name="Single keys act in lists").uncheck()

    await page.goto("/work?tab=offered")
    await expect(page.locator("tr.row")).to_have_count(1)
    await expect(page.locator("kbd")).to_have_count(0)
    for key in ("j", "c", "?", "s"):
        await page.keyboard.press(key)

    await expect(page.get_by_role("heading", name="My work")).to_be_visible()
    await expect(page.locator("tr.row.at")).to_have_count(0)
    await expect(page.locator("tr.row")).to_have_count(1)
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_new_password_ends_the_other_sessions_and_this_one_stays(visit: Visits) -> None:
    login = visit.office.logins["buyer"]
    name, value = await visit.office.session("buyer")
    page = await visit("/me", who="buyer")
    await expect(_part(page, "Sessions").get_by_role("listitem")).to_have_count(2)
    await page.get_by_label("Present password").fill(login.password)
    await page.get_by_label("New password").fill(NEW_PASSWORD)
    await page.keyboard.press("Enter")

    await expect(page.get_by_text("Your password is changed. All your other sessions have ended.")).to_be_visible()
    await expect(_part(page, "Sessions").get_by_role("listitem")).to_have_count(1)
    await expect(page.get_by_label("Present password")).to_have_value("")
    assert await _answers(visit.office, {"Cookie": f"{name}={value}"}) == 401
    again = await visit.office.door.post("/api/v1/session", json={"email": login.email, "password": NEW_PASSWORD})
    visit.office.door.cookies.clear()
    assert again.status_code == 201


async def test_what_is_wrong_with_a_password_is_said_beside_it(visit: Visits, watch: Watch) -> None:
    page = await visit("/me", who="buyer")
    act = page.get_by_role("button", name="Change the password")
    present, new = page.get_by_label("Present password"), page.get_by_label("New password")
    await act.click()
    await expect(page.get_by_text("Enter your present password.")).to_be_visible()
    await expect(present).to_be_focused()
    await present.fill("not this one")
    await act.click()
    await expect(page.get_by_text("Enter a new password.")).to_be_visible()

    watch.expect("request: POST /api/v1/me/password 422")
    await new.fill("short")
    await act.click()
    await expect(page.get_by_text("A password has 10 to")).to_be_visible()
    await expect(new).to_be_focused()
    await new.fill(NEW_PASSWORD)
    await act.click()
    await expect(page.get_by_text("This is not your present password. Nothing was changed.")).to_be_visible()
    await expect(present).to_be_focused()
    await axe(page)
    await page.get_by_role("button", name="Show passwords").click()
    await expect(new).to_have_attribute("type", "text")


async def test_a_token_is_shown_once_copied_used_and_revoked(visit: Visits) -> None:
    page = await visit("/me", who="buyer")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_role("button", name="New access for a program").click()
    dialog = page.get_by_role("dialog", name="New access for a program")
    await dialog.get_by_role("button", name="Create").click()
    await expect(dialog.get_by_text("Enter a name.")).to_be_visible()
    await expect(dialog.get_by_label("Name")).to_be_focused()
    await page.keyboard.type("Nightly report")
    await page.keyboard.press("Enter")

    shown = page.get_by_role("dialog", name="Token created")
    await axe(page)
    await page.keyboard.press("Escape")
    await expect(shown).to_be_visible()
    await shown.get_by_role("button", name="Copy").click()
    await expect(shown.get_by_role("status")).to_have_text("Copied.")
    token = await page.evaluate("() => navigator.clipboard.readText()")
    assert token == await shown.get_by_label("Secret").input_value()
    assert await _answers(visit.office, {"Authorization": f"Bearer {token}"}) == 200
    await shown.get_by_role("button", name="Done").click()
    row = _row(page, "Access for programs", "Nightly report")
    await expect(row).to_contain_text(re.compile("Token.*created .*until "))
    await expect(page.get_by_text(token)).to_have_count(0)

    await row.get_by_role("button", name="Revoke Nightly report").click()
    await axe(page)
    await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(page.get_by_text("“Nightly report” is revoked.")).to_be_visible()
    await expect(row).to_have_count(0)
    assert await _answers(visit.office, {"Authorization": f"Bearer {token}"}) == 401


async def test_the_api_password_is_made_anew_after_a_warning(visit: Visits) -> None:
    page = await visit("/me", who="buyer")

    async def make() -> str:
        await page.get_by_role("button", name="New access for a program").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Kind").select_option("API password")
        await expect(dialog.get_by_label("Name")).to_have_count(0)
        await dialog.get_by_label("Works").select_option("until you revoke it")
        await dialog.get_by_role("button", name="Create").click()
        shown = page.get_by_role("dialog", name="API password created")
        await expect(shown).to_contain_text(f"Sign in as {visit.office.logins['buyer'].email}")
        secret = await shown.get_by_label("Secret").input_value()
        await shown.get_by_role("button", name="Done").click()
        return secret

    await make()
    await expect(_row(page, "Access for programs", "API password")).to_contain_text("until you revoke it")
    await page.get_by_role("button", name="New access for a program").click()
    await page.get_by_role("dialog").get_by_label("Kind").select_option("API password")
    await expect(page.get_by_text("Your present API password stops working at once.")).to_be_visible()
    await page.keyboard.press("Escape")
    second = await make()

    await expect(_row(page, "Access for programs", "API password")).to_have_count(1)
    email = visit.office.logins["buyer"].email
    answer = await visit.office.door.get("/api/v1/me", auth=(email, second))
    assert answer.status_code == 200


async def test_where_the_clipboard_is_refused_the_secret_is_selected(visit: Visits) -> None:
    page = await visit("/me", who="buyer")
    await page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }")
    await page.get_by_role("button", name="New access for a program").click()
    await page.get_by_role("dialog").get_by_label("Kind").select_option("API password")
    await page.get_by_role("dialog").get_by_role("button", name="Create").click()

    await page.get_by_role("dialog").get_by_role("button", name="Copy").click()

    await expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("press Ctrl C")
    secret = page.get_by_label("Secret")
    await expect(secret).to_be_focused()
    selected = "box => box.value.slice(box.selectionStart, box.selectionEnd)"
    assert await secret.evaluate(selected) == await secret.input_value()


async def test_one_session_is_ended_and_then_all_others(visit: Visits) -> None:
    cookies = [await visit.office.session("buyer") for _ in range(3)]
    page = await visit("/me", who="buyer")
    rows = _part(page, "Sessions").get_by_role("listitem")
    await expect(rows).to_have_count(4)
    await expect(rows.first).to_contain_text("this session")
    await expect(rows.first.get_by_role("button", name="Sign out")).to_be_visible()

    await rows.nth(1).get_by_role("button", name=re.compile("^End ")).click()
    await expect(page.get_by_text("The session has ended.")).to_be_visible()
    await expect(rows).to_have_count(3)
    answers = [await _answers(visit.office, {"Cookie": f"{name}={value}"}) for name, value in cookies]
    assert sorted(answers) == [200, 200, 401]
    await page.get_by_role("button", name="End all others").click()

    await expect(rows).to_have_count(1)
    await expect(page.get_by_role("button", name="End all others")).to_have_count(0)
    assert {await _answers(visit.office, {"Cookie": f"{name}={value}"}) for name, value in cookies} == {401}


DEVICES = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0": "Firefox on Linux",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
    " Edg/156.0.0.0": "Edge on Windows",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0"
    " Mobile/15E148 Safari/604.1": "Safari on iPhone",
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile"
    " Safari/537.36": "Chrome on Android",
    "curl/8.16.0": "curl/8.16.0",
    "": "Unknown browser",
}


async def test_sessions_are_called_by_browser_and_system(visit: Visits) -> None:
    office = visit.office
    login = {"email": office.logins["buyer"].email, "password": office.logins["buyer"].password}
    for agent in DEVICES:
        opened = await office.door.post("/api/v1/session", json=login, headers={"User-Agent": agent})
        assert opened.status_code == 201
        office.door.cookies.clear()
    page = await visit("/me", who="buyer")

    names = _part(page, "Sessions").locator(".name")
    await expect(names).to_have_count(len(DEVICES) + 1)
    shown = [(await name.inner_text()).strip() for name in await names.all()]
    assert shown[1:] == list(reversed(DEVICES.values()))


async def test_the_link_to_the_settings_is_as_large_as_a_finger(visit: Visits) -> None:
    page = await visit("/work", who="buyer", width=390)
    await page.get_by_role("button", name="More").click()
    await axe(page)
    box = await page.get_by_role("link", name="Settings").bounding_box()
    assert box is not None
    assert box["height"] >= 44


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
async def test_an_absence_is_set_changed_and_ended_and_what_is_wrong_is_said_beside_it(
    visit: Visits, watch: Watch, width: int, scheme: Scheme
) -> None:
    page = await visit("/me", who="buyer", width=width, scheme=scheme)
    part = _part(page, "Absence")
    await expect(part.get_by_text("You have not set an absence.")).to_be_visible()
    await part.get_by_role("button", name="New absence").click()
    first, last, substitute = part.get_by_label("From"), part.get_by_label("Until"), part.get_by_label("Substitute")
    await expect(first).to_be_focused()
    await part.get_by_role("button", name="Save").click()
    await expect(part.get_by_text("Enter the first day.")).to_be_visible()
    await first.fill("2020-01-02")
    await last.fill("2020-01-01")
    await substitute.fill("Ada")
    await part.get_by_role("option", name="Ada Admin").click()
    await axe(page)
    await _in_sight(page)

    watch.expect("request: POST /api/v1/me/absences 422")
    await part.get_by_role("button", name="Save").click()
    await expect(part.get_by_role("alert")).to_contain_text("is before the first")
    await expect(last).to_be_focused()
    await last.fill("2033-12-31")
    await part.get_by_role("button", name="Save").click()

    row = part.get_by_role("listitem")
    await expect(row).to_contain_text("Substitute: Ada Admin")
    await expect(row.get_by_text("now", exact=True)).to_be_visible()
    await expect(part.get_by_role("button", name="New absence")).to_be_focused()
    await axe(page)
    await _in_sight(page)
    await row.get_by_role("button", name="Change").click()
    await expect(first).to_be_disabled()
    await last.fill("2033-11-30")
    await part.get_by_role("button", name="Save").click()
    await expect(row).to_contain_text("30 Nov 2033")

    await row.get_by_role("button", name="End now").click()
    await expect(page.get_by_text("Your absence has ended.")).to_be_visible()
    await expect(part.get_by_text("You have not set an absence.")).to_be_visible()
