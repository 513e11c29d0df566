"""A figure and the words that stand for it: what a notebook shows, and what a screen reader says."""

import base64
import html
import io
from dataclasses import dataclass

from IPython.display import display
from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """A figure with its alternative text; a notebook shows it as an ``<img>``.

    Args:
        figure: any matplotlib figure.
        alt: what a reader who cannot see it needs to know: what is drawn, and what it shows.

    Raises:
        ValueError: ``alt`` says too little to stand for a figure.
    """

    figure: Figure
    alt: str

    def __post_init__(self) -> None:
        """Refuse a figure without words."""
        if len(self.alt.split()) < 5:
            raise ValueError(
                f"alt must say in a sentence what the figure shows, but it is {self.alt!r}; a reader who cannot see "
                "the figure has nothing else."
            )

    def _repr_html_(self) -> str:
        png = io.BytesIO()
        self.figure.savefig(png, format="png", dpi=160)
        data = base64.b64encode(png.getvalue()).decode()
        width = round(96 * self.figure.get_figwidth())
        return (
            f'<img alt="{html.escape(self.alt)}" width="{width}" style="max-width:100%;height:auto" '
            f'src="data:image/png;base64,{data}">'
        )

    def __repr__(self) -> str:
        """Return the words, for places that show no pictures."""
        return f"Picture: {self.alt}"


def show(figure: Figure, alt: str) -> None:
    """Show a figure in a notebook, with ``alt`` as its alternative text."""
    display(Picture(figure, alt))
