"""A sweep in one table: a row a setting, its seeds put together, and the gain over the baseline of the same seeds."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np

from dfsc.datasets import GOOD
from dfsc.evaluation.evaluation import ALL, MEAN
from dfsc.evaluation.localisation import USUAL_LIMIT
from dfsc.evaluation.scoring import FUSED
from dfsc.evaluation.significance import Seed, SeedsComparison, compare_over_seeds
from dfsc.models.consistency import ConsistencySettings
from dfsc.models.methods import BASELINE, METHODS
from dfsc.models.separation import SeparationSettings
from dfsc.reporting.formats import markdown_table, spread

GROUPS = ("logical", "structural", MEAN, ALL)
# Settings of single methods, which the baseline lacks.
OWN = {field.name for kind in (SeparationSettings, ConsistencySettings) for field in dataclasses.fields(kind)}
# Of the table's columns these are always shown, other settings only where they differ within the sweep.
ALWAYS = ("dataset", "method", "tau", "margin_ratio", "margin")
WATCHED = {"similar_mean": "similar mean", "active_share": "active share", "autoencoder": "mean d"}


@dataclass(frozen=True)
class Row:
    """One setting on one data set over its seeds.

    Attributes:
        settings: the cell's, without the seed.
        seeds: in ascending order, those that did not diverge.
        results: the cells' JSON in that order.
        diverged: seeds whose training was stopped.
        gains: by group, against the baseline of the same seeds and other settings; empty where there is none, or
            several that a method without their settings might be compared with.
    """

    settings: dict
    seeds: tuple[int, ...]
    results: tuple[dict, ...]
    diverged: tuple[int, ...]
    gains: dict[str, SeedsComparison]

    def auroc(self, group: str, name: str = FUSED) -> list[float]:
        """Seed by seed; empty where the data set has no such group."""
        return [result["auroc"][group][name] for result in self.results if group in result["auroc"]]

    def overlap(self, group: str) -> list[float]:
        """sPRO or AUPRO to the usual limit, seed by seed; empty where pixels were not evaluated."""
        found = [result["localisation"] for result in self.results if "localisation" in result]
        return [one["areas"][group][f"{USUAL_LIMIT[one['metric']]:g}"] for one in found if group in one["areas"]]

    def watched(self, name: str) -> float | None:
        """Mean over the seeds of the moving average that the last step of the auto-encoder left under a name."""
        stages = [result["training"]["averages"] for result in self.results]
        values = [values[name] for stage in stages for values in stage.values() if name in values]
        return mean(values) if values else None


def summarise(results: Sequence[dict]) -> list[Row]:
    """Rows in the order of data set, method and settings."""
    groups: dict[str, list[dict]] = {}
    for result in results:
        groups.setdefault(_key(result["settings"]), []).append(result)
    baselines = {key: _by_seed(members) for key, members in groups.items() if _is_baseline(members[0])}
    rows = [_row(members, baselines) for members in groups.values()]
    return sorted(rows, key=lambda row: [_sortable(row.settings.get(name)) for name in _columns(rows)])


def table(rows: Sequence[Row]) -> str:
    """Markdown, AUROC of the fused map in percent: mean over the seeds ± their standard deviation.

    "Overlap" is sPRO to a false positive rate of 0.05 or AUPRO to one of 0.3, whichever the data set is measured by.
    """
    columns = _columns(rows)
    groups = [group for group in GROUPS if any(row.auroc(group) for row in rows)]
    watched = {name: title for name, title in WATCHED.items() if any(row.watched(name) is not None for row in rows)}
    gained = [group for group in groups if any(group in row.gains for row in rows)]
    located = [group for group in GROUPS if any(row.overlap(group) for row in rows)]
    heads = [*(name.replace("_", " ") for name in columns), "seeds", *groups, *(f"Δ {group}" for group in gained)]
    heads += [f"overlap {group}" for group in located]
    lines = []
    for row in rows:
        cells = [_shown(row.settings.get(name)) for name in columns]
        cells.append(f"{len(row.seeds)}" + (f", {len(row.diverged)} diverged" if row.diverged else ""))
        cells += [spread(row.auroc(group)) for group in groups]
        cells += [_gain(row.gains.get(group)) for group in gained]
        cells += [spread(row.overlap(group)) for group in located]
        cells += ["" if row.watched(name) is None else f"{row.watched(name):.3f}" for name in watched]
        lines.append(cells)
    return markdown_table([*heads, *watched.values()], lines)


def as_json(rows: Sequence[Row]) -> list[dict]:
    """A row as {"settings", "seeds", "diverged", "auroc": {group: {map: [a value a seed]}}, "gain", "watched"}."""
    return [
        {
            "settings": row.settings,
            "seeds": row.seeds,
            "diverged": row.diverged,
            "auroc": {
                group: {name: [result["auroc"][group][name] for result in row.results] for name in maps}
                for group, maps in (row.results[0]["auroc"] if row.results else {}).items()
            },
            "gain": {
                group: {"mean": g.mean, "seeds": g.differences, "interval": [g.interval.low, g.interval.high]}
                for group, g in row.gains.items()
            },
            "overlap": {group: row.overlap(group) for group in GROUPS},
            "watched": {name: row.watched(name) for name in WATCHED},
        }
        for row in rows
    ]


def _row(members: list[dict], baselines: dict[str, dict[int, dict]]) -> Row:
    by_seed = _by_seed(members)
    settings = {name: value for name, value in members[0]["settings"].items() if name != "seed"}
    gains = {}
    if not _is_baseline(members[0]):
        baseline = _baseline_of(settings, baselines)
        gains = _gains({seed: (baseline[seed], result) for seed, result in by_seed.items() if seed in baseline})
    diverged = sorted(result["settings"]["seed"] for result in members if "error" in result)
    return Row(settings, tuple(by_seed), tuple(by_seed.values()), tuple(diverged), gains)


def _baseline_of(settings: dict, baselines: dict[str, dict[int, dict]]) -> dict[int, dict]:
    """By seed the baseline's results that a row is compared with.

    A method in closed form has fewer settings than the baseline, which has to agree in those alone.
    """
    wanted = {name: value for name, value in settings.items() if name not in OWN} | {"method": BASELINE}
    if METHODS[settings["method"]].trained:
        return baselines.get(_key(wanted), {})
    agreeing = [of for key, of in baselines.items() if wanted.items() <= json.loads(key).items()]
    return agreeing[0] if len(agreeing) == 1 else {}


def _gains(pairs: dict[int, tuple[dict, dict]]) -> dict[str, SeedsComparison]:
    gains = {}
    for group in GROUPS:
        seeds = [_seed(first, second, group) for first, second in pairs.values()]
        if group != MEAN and seeds and all(seed is not None for seed in seeds):
            gains[group] = compare_over_seeds(seeds)
    return gains


def _seed(first: dict, second: dict, group: str) -> Seed | None:
    """Two cells' scores of the images that both have, a group's and good ones; None without anomalous ones."""
    scores = [dict(zip((i["image"] for i in r["images"]), r["scores"][FUSED], strict=True)) for r in (first, second)]
    families = {image["image"]: image["family"] for image in first["images"] if image["image"] in scores[1]}
    names = [name for name, family in families.items() if family == GOOD or group in (family, ALL)]
    anomalous = np.array([families[name] != GOOD for name in names])
    if not anomalous.any() or anomalous.all():
        return None
    return Seed(names, anomalous, *(np.array([of[name] for name in names]) for of in scores))


def _by_seed(members: list[dict]) -> dict[int, dict]:
    finished = [result for result in members if "error" not in result]
    return {r["settings"]["seed"]: r for r in sorted(finished, key=lambda r: r["settings"]["seed"])}


def _is_baseline(result: dict) -> bool:
    return result["settings"]["method"] == BASELINE and "snc" not in result["settings"]


def _key(settings: dict) -> str:
    return json.dumps({name: value for name, value in settings.items() if name != "seed"}, sort_keys=True)


def _columns(rows: Sequence[Row]) -> list[str]:
    """Settings worth a column: the usual ones, and those that differ between rows that have them.

    The digest of the images is one where data sets of one name have different ones; else the name says it all.
    """
    names = dict.fromkeys(name for row in rows for name in row.settings)
    told = {(row.settings.get("dataset"), row.settings.get("images")) for row in rows}
    if len(told) == len({dataset for dataset, _ in told}):
        names.pop("images", None)
    values = {name: {_shown(row.settings[name]) for row in rows if name in row.settings} for name in names}
    return [name for name in names if name in ALWAYS or len(values[name]) > 1]


def _sortable(value: object) -> tuple:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return (value is not None, number, value if number else 0.0, str(value))


def _shown(value: object) -> str:
    if value is None:
        return ""
    if value in METHODS:
        return METHODS[value].title
    return f"{value:g}" if isinstance(value, float) else str(value)


def _gain(gain: SeedsComparison | None) -> str:
    if gain is None:
        return ""
    return f"{100 * gain.mean:+.1f} ({100 * gain.interval.low:+.1f} to {100 * gain.interval.high:+.1f})"
