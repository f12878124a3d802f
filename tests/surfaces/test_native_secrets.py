"""Secrets over the native API: set and listed, never told; each answer here is searched for them as it comes."""

from surfaces.conftest import Api

ADDRESS = "/api/v1/secrets"


async def test_a_secret_is_set_listed_without_its_value_and_forgotten(api: Api) -> None:
    admin, rival = await api.client("admin"), await api.client("rival")
    made = await admin.put(f"{ADDRESS}/erp_token", json={"value": "open sesame 1", "hosts": ["ERP.example"]})
    assert made.is_success, made.text
    changed = await admin.put(f"{ADDRESS}/erp_token", json={"value": "open sesame 2"})
    assert changed.is_success, changed.text

    (listed,) = (await admin.get(ADDRESS)).json()["items"]

    assert (listed["name"], listed["hosts"], "value" in listed) == ("erp_token", [], False)
    assert (await rival.get(ADDRESS)).json()["items"] == []
    assert (await rival.delete(f"{ADDRESS}/erp_token")).status_code == 404
    assert (await admin.delete(f"{ADDRESS}/erp_token")).is_success
    assert (await admin.get(ADDRESS)).json()["items"] == []


async def test_a_secret_that_is_refused_is_not_repeated(api: Api) -> None:
    admin = await api.client("admin")
    assert (await admin.put(f"{ADDRESS}/known", json={"value": "open sesame"})).is_success
    for name, value in (("Bad Name", "open sesame"), ("known", "open sesame\n"), ("known", ["open sesame"])):
        refused = await admin.put(f"{ADDRESS}/{name}", json={"value": value})
        assert refused.status_code in (400, 422), refused.text
