"""How Sphinx makes the site of the executed lectures; build.py calls it."""

import os
from importlib.util import find_spec
from pathlib import Path

from executed import cache_of

ROOT = Path(__file__).parent.parent

os.environ["METAKIT_WIDGETS"] = "static"  # tells the lectures' kernels to make widgets that need none

project = "Learning to learn"
language = "en"
extensions = ["myst_nb", "sphinx.ext.mathjax", "live", "pages"]
exclude_patterns = ["README.md", "lectures/README.md"]
nitpicky = True

nb_execution_mode = "cache"
nb_execution_cache_path = str(cache_of(ROOT, ROOT / "build/site/executed"))
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_output_stderr = "remove-warn"
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # they would come from a server elsewhere
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

# One file with its own glyphs, so that formulas need no other server, and no fonts, which some browsers refuse to file://.
mathjax_offline = find_spec("sphinx-mathjax-offline")
assert mathjax_offline, "sphinx-mathjax-offline is not installed: run `make site`, which installs what it needs"
mathjax_path = "tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}}

html_theme = "furo"
html_title = project
html_static_path = ["static", str(Path(mathjax_offline.origin or "").parent / "static/mathjax/tex-svg.js")]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_sourcelink_suffix = ""
html_use_index = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {"top_of_page_buttons": ["view"]}
linkcheck_timeout = 20
