"""The operating guide and the compose file name what the settings read."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent


def _variables() -> set[str]:
    return set(re.findall(r'env\.\w+\(\s*"([A-Z0-9_]+)"', (ROOT / "config" / "settings.py").read_text()))


def test_the_operating_guide_has_every_variable_that_the_settings_read() -> None:
    # A row is of one variable or of some that belong together.
    cells = re.findall(
        r"^\| (`[A-Z0-9_]+`(?:, `[A-Z0-9_]+`)*) \|", (ROOT / "docs" / "operating.md").read_text(), flags=re.MULTILINE
    )
    rows = {name for cell in cells for name in re.findall(r"`([A-Z0-9_]+)`", cell)}
    assert _variables() - rows == set()
    of_make = {"PORT", "MILVUS", "PYTHON", "TORCH_INDEX", "WORKERS", "SCHEMA_EXAMPLES", "SEED", "MINUTES"}
    assert rows - _variables() == of_make


def test_the_compose_file_sets_only_variables_that_the_settings_read() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in ("web", "worker", "beat", "migrate"):
        assert set(services[name]["environment"]) <= _variables(), name


def test_the_compose_file_has_no_default_secret() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    secrets = re.findall(r"\$\{(\w*(?:PASSWORD|SECRET|USER|KEY)\w*)([^}]*)\}", text)
    assert len(secrets) >= 8
    assert [name for name, rest in secrets if not rest.startswith(":?")] == []


def test_every_image_is_pinned_to_a_version() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    images = [service["image"] for service in services.values()] + re.findall(
        r"^FROM (\S+:\S+)", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE
    )
    assert [image for image in images if not re.search(r":(v?\d+\.\d+|RELEASE\.|cpu$)", image)] == []
