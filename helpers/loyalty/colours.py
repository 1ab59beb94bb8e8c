"""The colours of the house, for charts and pages; see `loyalty.charts`."""

TREATED = "#0072B2"
CONTROL = "#E69F00"
TRUTH = "#111111"
HIGHLIGHT = "#C2410C"
GREY = "#9AA0A6"
INK = "#333333"
