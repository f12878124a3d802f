"""Notifications over HTTP: lists with read marks and counts, a person's choices, and mail that ends by one click."""

from dataclasses import replace

from mailbox_server import open_mailbox
from notified import deploy_ask, send_mail
from surfaces.conftest import Api


async def test_notifications_are_listed_newest_first_and_marked_as_read(api: Api) -> None:
    world = api.world
    clerk, buyer, client = await world.actor("clerk"), await world.actor("buyer"), await api.client("buyer")
    await deploy_ask(world)
    for subject in ("Desk", "Chair", "Lamp"):
        await world.start(clerk, "ASK", subject=subject, person=buyer.user_id)

    first = (await client.get("/api/v1/notifications?limit=2")).json()
    rest = (await client.get(f"/api/v1/notifications?limit=2&cursor={first['next']}")).json()
    (lamp, chair), (desk,) = first["items"], rest["items"]
    await client.post("/api/v1/notifications/read", json={"up_to": chair["id"]})
    again = await client.patch(f"/api/v1/notifications/{desk['id']}", json={"read": False})
    unread = (await client.get("/api/v1/notifications?unread=true")).json()["items"]

    assert [one["title"] for one in (lamp, chair, desk)] == ["Lamp", "Chair", "Desk"]
    assert (lamp["kind"], lamp["by_name"], lamp["app"], lamp["read"]) == ("assigned", "Clerk", "ASK", False)
    assert lamp["page"] == f"/tasks/{lamp['task']}"
    assert (again.json()["read"], rest["next"]) == (False, None)
    assert [one["title"] for one in unread] == ["Lamp", "Desk"]
    assert (await client.get("/api/v1/notifications/counts")).json() == {"unread": 2, "exact": True}
    others = await (await api.client("manager")).patch(f"/api/v1/notifications/{desk['id']}", json={"read": True})
    assert others.status_code == 404
    assert (await client.get("/api/v1/notifications/counts")).json()["unread"] == 2


async def test_people_choose_how_they_are_notified(api: Api) -> None:
    client = await api.client("buyer")
    path = "/api/v1/me/notifications"

    given = {"digest_at": "06:30", "choices": {"assigned": "daily", "incident": "none"}}
    changed = (await client.patch(path, json=given)).json()
    taken_back = (await client.patch(path, json={"choices": {"assigned": None}})).json()
    wrong = {"digest_at": "24:00", "choices": {"assigned": "often", "birthday": "daily"}}
    refused = await client.patch(path, json=wrong)

    assert (changed["mail"], changed["digest_at"]) == (True, "06:30")
    assert (changed["choices"]["assigned"], changed["defaults"]["assigned"]) == ("daily", "at_once")
    assert refused.status_code == 422
    fields = [one["field"] for one in refused.json()["errors"]]
    assert fields == ["choices.assigned", "choices.birthday", "digest_at"]
    assert (await client.get(path)).json() == taken_back
    assert (taken_back["choices"]["assigned"], taken_back["choices"]["incident"]) == (None, "none")


async def test_one_click_ends_all_mail_and_looking_does_not(api: Api) -> None:
    world = api.world
    clerk, buyer = await world.actor("clerk"), await world.actor("buyer")
    anybody, client = await api.client("anonymous"), await api.client("buyer")
    await deploy_ask(world)
    async with open_mailbox() as mailbox:
        world.context = replace(world.context, mail_server=mailbox.server)
        await world.start(clerk, "ASK", subject="Desk", person=buyer.user_id)
        await send_mail(world)
        url = str(mailbox.letter("buyer@acme.example")["List-Unsubscribe"]).strip("<>")

        looked = await anybody.get(f"{url}?utm=scanner")
        before = (await client.get("/api/v1/me/notifications")).json()["mail"]
        form = {"List-Unsubscribe": "One-Click"}
        stopped = [await anybody.post(url, data=form) for _ in range(2)]
        forged = await anybody.post(url[:-4] + "AAAA", data=form)
        await world.start(clerk, "ASK", subject="Chair", person=buyer.user_id)
        await send_mail(world)

    assert (looked.status_code, before) == (200, True)
    assert '<form method="post">' in looked.text
    assert [one.status_code for one in stopped] == [200, 200]
    assert forged.status_code == 403
    assert (await client.get("/api/v1/me/notifications")).json()["mail"] is False
    assert len(mailbox.taken) == 1
    assert len((await client.get("/api/v1/notifications")).json()["items"]) == 2
