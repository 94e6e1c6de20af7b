"""A configuration folder that reads a small company instead of the embedded data set."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from simulation.service.write import SOURCES
from simulation.writer import read_marker

LANDING_LOCATION = "${CONCIERGE_DATA}/landing"


def write_company_config(
    base_config: Path, out_config: Path, landing: Path, minimum_segment_size: int | None = None
) -> Path:
    """Copy a configuration folder, pointing its source contracts at a company's landing folder.

    Contracts of the library read what was written for them (deliveries, returns and so on). The clock starts at the
    midnight after the company's last day. Nothing else changes, except the smallest segment where
    `minimum_segment_size` is given.

    Returns:
        `out_config`.

    Raises:
        FileNotFoundError: no company was written into `landing`.
        FileExistsError: `out_config` is there already.
    """
    marker = read_marker(landing)
    shutil.copytree(base_config, out_config)
    for contract in sorted((out_config / "sources").glob("*.yml")):
        text = contract.read_text(encoding="utf-8").replace(LANDING_LOCATION, str(landing))
        if contract.stem in SOURCES and (landing / contract.stem).is_dir():
            text = f'{text.rstrip()}\nlocation: "{landing / contract.stem}"\n'
        contract.write_text(text, encoding="utf-8")
    settings_file = out_config / "settings.yml"
    settings = (yaml.safe_load(settings_file.read_text(encoding="utf-8")) if settings_file.exists() else None) or {}
    settings["clock"] = {"start": f"{marker.end_date}T00:00:00Z"}
    if minimum_segment_size is not None:
        settings["segments"] = {**settings.get("segments", {}), "minimum_size": minimum_segment_size}
    settings_file.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return out_config
