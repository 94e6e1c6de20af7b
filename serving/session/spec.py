"""The specification of session features as a whole, checked when it is read."""

from __future__ import annotations

from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path

from pydantic import Field

from serving.session.feature import Feature, Part
from serving.yaml_file import YamlFile, read_yaml


class Points(Part):
    """Points of the moment score for each unit of a feature."""

    feature: str
    each: float = Field(ge=0.1, le=100)
    at_most: int = Field(ge=1, le=1_000)

    @property
    def tenths(self) -> int:
        """Points for each unit, in tenths."""
        return round(self.each * 10)


class MomentScore(Part):
    """How the moment score is added up."""

    full_points: int = Field(ge=1, le=10_000)
    fades_over_seconds: int = Field(ge=1, le=86_400)
    points: tuple[Points, ...] = Field(min_length=1)


class Spec(Part):
    """All session features, in an order in which each derivation follows what it reads."""

    features: tuple[Feature, ...] = Field(min_length=1)
    moment_score: MomentScore

    @cached_property
    def by_name(self) -> dict[str, Feature]:
        """Features by name."""
        return {feature.name: feature for feature in self.features}


@lru_cache(maxsize=1)
def shipped_spec() -> Spec:
    """The specification beside this file."""
    return load_spec(Path(str(files("serving.session").joinpath("features.yml"))))


def load_spec(path: Path) -> Spec:
    """Read a specification.

    Raises:
        ConfigError: first mistake, with file, line, field, value and what is allowed.
    """
    file = read_yaml(path)
    spec = file.parse(Spec)
    _check_names(file, spec)
    for index, points in enumerate(spec.moment_score.points):
        _numeric(file, spec.by_name, points.feature, ("moment_score", "points", index, "feature"))
    return spec


def _check_names(file: YamlFile, spec: Spec) -> None:
    above: dict[str, Feature] = {}
    for index, feature in enumerate(spec.features):
        where = ("features", index)
        if feature.name in above or feature.name == "moment_score":
            raise file.error((*where, "name"), f"{feature.name!r} is taken; names must differ")
        for part in feature.of:
            _numeric(file, above, part if isinstance(part, str) else part.feature, (*where, "of"))
        if feature.only_while is not None:
            _text(file, above, feature.only_while.feature, (*where, "only_while"))
        above[feature.name] = feature


def _numeric(file: YamlFile, above: dict[str, Feature], name: str, where: tuple[int | str, ...]) -> None:
    if name not in above or above[name].type == "text":
        allowed = ", ".join(known for known, feature in above.items() if feature.type != "text")
        raise file.error(where, f"{name!r} is no number among the features above; allowed: {allowed}")


def _text(file: YamlFile, above: dict[str, Feature], name: str, where: tuple[int | str, ...]) -> None:
    if name not in above or above[name].type != "text":
        allowed = ", ".join(known for known, feature in above.items() if feature.type == "text")
        raise file.error(where, f"{name!r} is no text among the features above; allowed: {allowed}")
