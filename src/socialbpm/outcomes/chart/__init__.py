"""How a request stands or ended, as a chart: for a page, an archive, or a picture that goes with the outcome.

::

    drawn = depicted(task, "Which route?", count, outcome)
    svg(drawn)       # markup for a page, in its colours
    svg_file(drawn)  # a file that stands alone, light or dark as its reader has it
    png(drawn)       # bytes for a post; describe(drawn) is its alt text
"""

from socialbpm.outcomes.chart.depicted import LABELS, depicted, labelled, turnout
from socialbpm.outcomes.chart.figures import Bar, Chart, Place, Round, Turnout, describe, number, shortened
from socialbpm.outcomes.chart.png import png
from socialbpm.outcomes.chart.svg import svg, svg_file

__all__ = [
    "LABELS",
    "Bar",
    "Chart",
    "Place",
    "Round",
    "Turnout",
    "depicted",
    "describe",
    "labelled",
    "number",
    "png",
    "shortened",
    "svg",
    "svg_file",
    "turnout",
]
