"""Other vendors' accounts as sources of `satchel import`: their addresses, credentials and selections."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satchel.cli.credentials import credentials
from satchel.model.errors import InvalidRequest

if TYPE_CHECKING:
    from satchel.client.sources.source import Source

QUESTETRA_WAYS = (("QUESTETRA_EMAIL", "QUESTETRA_API_PASSWORD"), ("QUESTETRA_TOKEN",))
ALLOY_WAYS = (("ALLOY_CLIENT_ID", "ALLOY_CLIENT_SECRET"), ("ALLOY_USERNAME", "ALLOY_PASSWORD"))
FLOKZU_WAYS = (("FLOKZU_USERNAME", "FLOKZU_API_KEY"),)
NAVIXY_WAYS = (("NAVIXY_API_KEY",), ("NAVIXY_LOGIN", "NAVIXY_PASSWORD"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOptions:
    """The options of the command line for other vendors' accounts.

    Attributes:
        questetra, alloy, flokzu, navixy: an address, or None.
        their_app: Questetra's app number, Alloy's class, Flokzu's process code, or Navixy's template number.
        criteria: a file of Questetra's criteria.
        where: conditions on Alloy's objects.
        ids, numbers: the instances to import from Flokzu.
        credentials: a file of them.
    """

    questetra: str | None = None
    alloy: str | None = None
    flokzu: str | None = None
    navixy: str | None = None
    their_app: str | None = None
    criteria: Path | None = None
    where: Sequence[str] = ()
    ids: Path | None = None
    numbers: str | None = None
    credentials: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAccount:
    """An account as a source, with its credential if the source does not sign in itself."""

    source: "Source"
    token: str | None = None
    basic: tuple[str, str] | None = None
    is_numbered: bool = False


def source_account(options: AccountOptions) -> SourceAccount | None:
    """Return the account to import from; None if no address is given.

    Raises:
        InvalidRequest: several are given, or an option is missing or belongs to another vendor.
    """
    makers = {"questetra": _questetra, "alloy": _alloy, "flokzu": _flokzu, "navixy": _navixy}
    given = [(name, address) for name in makers if (address := getattr(options, name))]
    if len(given) > 1:
        raise InvalidRequest("Import from one account at a time.")
    kind = given[0][0] if given else ""
    values = {
        "--their-app": (options.their_app, tuple(makers)),
        "--criteria": (options.criteria, ("questetra",)),
        "--where": (options.where, ("alloy",)),
        "--ids": (options.ids, ("flokzu",)),
        "--numbers": (options.numbers, ("flokzu",)),
        "--credentials": (options.credentials, tuple(makers)),
    }
    for option, (value, kinds) in values.items():
        if value and kind not in kinds:
            raise InvalidRequest(f"{option} goes with {' or '.join(f'--{one}' for one in kinds)}.")
    return makers[kind](options, given[0][1]) if given else None


def _questetra(options: AccountOptions, address: str) -> SourceAccount:
    from satchel.client import searches  # noqa: PLC0415  # only for this vendor
    from satchel.client.sources.questetra import QuestetraSource  # noqa: PLC0415  # same

    if options.criteria is not None and options.their_app is not None:
        raise InvalidRequest("The criteria name the app; leave --their-app out.")
    if options.criteria is None:
        app = None if options.their_app is None else searches.number("--their-app", options.their_app)
        criteria = searches.criteria_of({} if app is None else {"app": app})
    else:
        criteria = searches.read_text(options.criteria)
    found = credentials(QUESTETRA_WAYS, options.credentials)
    token = found.get("QUESTETRA_TOKEN")
    basic = None if token is not None else (found["QUESTETRA_EMAIL"], found["QUESTETRA_API_PASSWORD"])
    return SourceAccount(
        source=QuestetraSource(address, criteria, with_values=True), token=token, basic=basic, is_numbered=True
    )


def _alloy(options: AccountOptions, address: str) -> SourceAccount:
    from satchel.client.sources.alloy import AlloySource  # noqa: PLC0415  # only for this vendor

    if options.their_app is None:
        raise InvalidRequest("Name the class of objects: --their-app, such as Tickets.")
    found = credentials(ALLOY_WAYS, options.credentials)
    form = {name.removeprefix("ALLOY_").lower(): value for name, value in found.items()}
    return SourceAccount(source=AlloySource(address, options.their_app, form, options.where))


def _flokzu(options: AccountOptions, address: str) -> SourceAccount:
    from satchel.client.sources import flokzu  # noqa: PLC0415  # only for this vendor

    identifiers: flokzu.Identifiers
    if options.ids is not None and options.numbers is None:
        if options.their_app is not None:
            raise InvalidRequest("The identifiers name the process; leave --their-app out.")
        identifiers = flokzu.IdentifierFile(options.ids)
    elif options.numbers is not None and options.ids is None and options.their_app is not None:
        identifiers = flokzu.IdentifierRange(options.their_app, options.numbers)
    else:
        raise InvalidRequest(
            "Flokzu lists no instances. Name them: --ids FILE with an identifier a line, or --their-app CODE and"
            " --numbers 1-500."
        )
    found = credentials(FLOKZU_WAYS, options.credentials)
    source = flokzu.FlokzuSource(address, identifiers, key=found["FLOKZU_API_KEY"], username=found["FLOKZU_USERNAME"])
    return SourceAccount(source=source)


def _navixy(options: AccountOptions, address: str) -> SourceAccount:
    from satchel.client import searches  # noqa: PLC0415  # only for this vendor
    from satchel.client.sources.navixy import NavixySource  # noqa: PLC0415  # same

    template = None if options.their_app is None else searches.number("--their-app", options.their_app)
    found = credentials(NAVIXY_WAYS, options.credentials)
    names = {"NAVIXY_API_KEY": "hash", "NAVIXY_LOGIN": "login", "NAVIXY_PASSWORD": "password"}
    sign_in = {names[name]: value for name, value in found.items()}
    return SourceAccount(source=NavixySource(address, sign_in, template=template))
