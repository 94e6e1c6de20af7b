"""`python -m orchestration.session_macro`: write the macro anew."""

from __future__ import annotations

from intake.paths import repository_root
from orchestration.session_macro.macro import MACRO_FILE, macro_text
from serving.session.spec import shipped_spec


def main() -> None:
    """Write the macro beside the others."""
    file = repository_root() / MACRO_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(macro_text(shipped_spec()), encoding="utf-8")


if __name__ == "__main__":
    main()
