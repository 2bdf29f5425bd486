"""Every error gemel raises on purpose.

    GemelError
    ├── UnitError          a unit is not UCUM, or two units do not convert
    ├── SupportError       a value lies outside what its quantity allows
    ├── ShapeError         arrays that should fit do not
    ├── TimelineError      facts or instants in an impossible order, or a missing zone
    ├── PlanError          a plan names an input the model lacks, or an action outside the horizon
    ├── CapabilityError    an engine or verb needs something the model does not offer
    ├── CardError          a model is used for what its card excludes
    ├── CollapseError      a belief no longer holds enough distinct members to be believed
    ├── StaleError         a late fact reaches further back than the replay budget
    ├── IngestError        a source as a whole cannot be read (a bad row is a `Rejected`, not an error)
    ├── StoreError         the store refused or failed
    ├── RegistryError      no such model, engine, adapter or store, or a plug-in that breaks the contract
    └── MissingExtraError  a feature needs an optional extra that is not installed

A message names the thing, the value, the limit and the way out.
"""

__all__ = [
    "CapabilityError",
    "CardError",
    "CollapseError",
    "GemelError",
    "IngestError",
    "MissingExtraError",
    "PlanError",
    "RegistryError",
    "ShapeError",
    "StaleError",
    "StoreError",
    "SupportError",
    "TimelineError",
    "UnitError",
]


class GemelError(Exception):
    """Root of every error gemel raises on purpose."""


class UnitError(GemelError):
    """A unit is not UCUM, or two units do not convert."""


class SupportError(GemelError):
    """A value lies outside what its quantity allows."""


class ShapeError(GemelError):
    """Arrays that should fit do not."""


class TimelineError(GemelError):
    """Facts or instants in an impossible order, or a missing time zone."""


class PlanError(GemelError):
    """A plan names an input the model lacks, or acts outside the horizon."""


class CapabilityError(GemelError):
    """An engine or verb needs something the model does not offer."""


class CardError(GemelError):
    """A model is used for what its card excludes."""


class CollapseError(GemelError):
    """A belief no longer holds enough distinct members to be believed."""


class StaleError(GemelError):
    """A late fact reaches further back than the replay budget."""


class IngestError(GemelError):
    """A source as a whole cannot be read."""


class StoreError(GemelError):
    """The store refused or failed."""


class RegistryError(GemelError):
    """No such model, engine, adapter or store, or a plug-in that breaks the contract."""


class MissingExtraError(GemelError):
    """A feature needs an optional extra that is not installed."""
