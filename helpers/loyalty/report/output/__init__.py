"""What a report becomes: a page, a workbook, charts, and what privacy keeps out of them."""
