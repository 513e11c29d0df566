"""Execute the lectures and build the site: `make site`.

    python site/build.py [--to build/site] [options of sphinx-build]

The site is TO/html. Whatever else is in there may be deleted, and makes the next build faster.
"""

import argparse
import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import main as sphinx_build

SITE = Path(__file__).parent
ROOT = SITE.parent
PAGES = ["README.md", "docs/*.png", "lectures/README.md", "lectures/[0-9]*.ipynb"]


def gather(source: Path) -> None:
    """Make ``source`` the folder that Sphinx reads: the homepage, and what there is already in the house."""
    pages = {SITE / "index.md": source / "index.md"}
    pages |= {page: source / page.relative_to(ROOT) for pattern in PAGES for page in ROOT.glob(pattern)}
    for old in {path for path in source.rglob("*") if path.is_file()} - set(pages.values()):
        old.unlink()
    for page, copy in pages.items():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(page, copy)  # with its time, by which Sphinx tells what is new


def main() -> int:
    """Return Sphinx's exit status; a warning is an error."""
    parser = argparse.ArgumentParser(description="Execute the lectures and build the site.")
    parser.add_argument("--to", type=Path, default=ROOT / "build/site", help="where to (default: build/site)")
    arguments, options = parser.parse_known_args()
    source, html, read = (str(arguments.to / name) for name in ("source", "html", "read"))
    gather(Path(source))
    strict = ["--fail-on-warning", "--keep-going"]
    return sphinx_build(["-c", str(SITE), "-d", read, *strict, *options, source, html])


if __name__ == "__main__":
    sys.exit(main())
