"""Enter a fleet's homes, owners and appliances into the platform's database."""

from __future__ import annotations

from datetime import timedelta

from simulators.fleet import FleetPlan
from simulators.randomness import keyed
from zerodistance.catalogue import Catalogue
from zerodistance.clock import Clock
from zerodistance.settings import Settings
from zerodistance.store.database import connect, dsn
from zerodistance.store.devices import register_device, register_household

_GIVEN = ("Wei", "Ling", "Min", "Jun", "Yan", "Tao", "Anna", "Jonas", "Maria", "Paul", "Aisha", "Omar")
_FAMILY = ("Chen", "Li", "Wang", "Zhang", "Liu", "Yang", "Novak", "Berg", "Costa", "Moreau", "Khan", "Haddad")

_GATEWAY = "gateway"  # the type that the platform registers gateways as; it is not in the catalogue


def register_fleet(settings: Settings, plan: FleetPlan, catalogue: Catalogue, clock: Clock) -> int:
    """Register homes with their (made-up) owners, gateways and appliances; return how many appliances.

    Doing it again brings the entries to the present.

    Raises:
        UnavailableError: the database does not answer.
        ConflictError: a device id is taken by another type.
    """
    rng = keyed(plan.seed, "owners")
    homes = plan.home_ids()
    now = clock.now()
    with connect(dsn(settings)) as conn:
        for home in homes:
            name = f"{_GIVEN[rng.integers(len(_GIVEN))]} {_FAMILY[rng.integers(len(_FAMILY))]}"
            register_household(
                conn,
                home,
                region=plan.region,
                time_zone=plan.time_zone,
                language=plan.language,
                owner_name=name,
                email=f"{home}@example.org",
            )
        gateways = plan.gateways()
        for gateway in dict.fromkeys(gateways.values()):
            register_device(conn, gateway, _GATEWAY, name=f"Gateway {gateway}")
        for group in plan.group:
            title = (
                catalogue.get_type(group.type).title.get(plan.language)
                or catalogue.get_type(group.type).title["en"]
            )
            for number, device in enumerate(group.ids()):
                installed = now - timedelta(days=int(rng.integers(200, 1500)))
                register_device(
                    conn,
                    device,
                    group.type,
                    model=group.model,
                    name=f"{title} {device}",
                    household_id=homes[number],
                    gateway_id=gateways.get(device),
                    installed_at=installed,
                    warranty_until=(installed + timedelta(days=3 * 365)).date(),
                )
        conn.commit()
    return len(plan.device_ids())
