"""The application is there, and the tests' own watch sees what goes wrong in it."""

import pytest
from playwright.async_api import expect

from browser.axe import axe
from browser.visiting import Scheme, Visits, every_look
from browser.watching import Watch

INLINE = "() => { const script = document.createElement('script'); script.text = '0'; document.body.append(script); }"


@every_look
async def test_the_application_loads_without_a_fault(visit: Visits, width: int, scheme: Scheme) -> None:
    page = await visit(width=width, scheme=scheme)

    await expect(page).to_have_title("Sign in · Satchel")
    await expect(page.locator("#app")).not_to_be_empty()
    assert await page.evaluate("() => matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= width


async def test_people_of_the_office_are_signed_in_by_their_cookies(visit: Visits) -> None:
    for who in ("buyer", "clerk"):
        page = await visit("/work", who=who)
        said = await page.evaluate("async () => (await (await fetch('/api/v1/me')).json()).email")
        assert said == visit.office.logins[who].email


async def test_each_test_has_an_account_of_its_own(visit: Visits) -> None:
    office = visit.office
    instance = await office.stage.start("technician", "COL", {"subject": "Plans"}, {"files": ["catalog.pdf"]})
    page = await visit("/work", who="archivist")

    found = await page.evaluate("async () => (await (await fetch('/api/v1/instances')).json()).items.map(i => i.id)")
    assert found == [instance]


POLICY = "console: .*Content Security Policy"


@pytest.mark.parametrize(
    ("script", "faults"),
    [
        (INLINE, ["policy: script-src-elem inline", POLICY]),
        ("() => { setTimeout(() => { throw new Error('lost'); }); }", ["error: .*lost"]),
        ("() => { Promise.reject(new Error('forgotten')); }", ["error: .*forgotten"]),
        ("() => console.error('broken')", ["console: broken"]),
        ("() => fetch('/api/v1/nothing')", ["request: GET /api/v1/nothing 404"]),
        (
            "() => fetch('//127.0.0.1:9/').catch(() => 0)",
            ["policy: connect-src http://127.0.0.1:9/", POLICY],
        ),
        (
            "() => { document.body.innerHTML = '<img src=//127.0.0.1:9/x>'; }",
            ["policy: img-src", POLICY, "foreign: GET http://127.0.0.1:9/x", "request: GET /x csp"],
        ),
        ("() => { document.body.innerHTML = '<p style=color:red>'; }", ["policy: style-src-attr inline", POLICY]),
    ],
)
async def test_the_watch_sees_every_kind_of_fault(visit: Visits, watch: Watch, script: str, faults: list[str]) -> None:
    page = await visit()
    watch.expect(*faults)

    await page.evaluate(script)

    for fault in faults:
        await watch.seen(fault)


async def test_a_server_that_is_away_is_a_fault(visit: Visits, watch: Watch) -> None:
    page = await visit()
    await page.context.set_offline(offline=True)
    watch.expect("request: GET /api/v1/session net::ERR_INTERNET_DISCONNECTED")

    await page.evaluate("() => fetch('/api/v1/session').catch(() => 0)")


def test_what_was_not_announced_fails_the_test_and_so_does_what_did_not_come() -> None:
    watch = Watch("http://127.0.0.1:9")
    watch.check()
    watch.faults.append("console: broken")
    with pytest.raises(AssertionError, match="reported faults"):
        watch.check()
    watch.expect("console: broken")
    watch.check()
    watch.expect("policy: .*")
    with pytest.raises(AssertionError, match="did not come"):
        watch.check()


async def test_axe_works_under_the_policy_and_finds_faults(visit: Visits) -> None:
    page = await visit()
    good = '<main><h1>Work</h1><img src="/satchel.svg" alt="A satchel"></main>'
    await page.evaluate("html => { document.body.innerHTML = html; document.title = 'Work'; }", good)
    await axe(page)

    await page.evaluate("() => document.querySelector('img').removeAttribute('alt')")
    with pytest.raises(AssertionError, match="image-alt"):
        await axe(page)
