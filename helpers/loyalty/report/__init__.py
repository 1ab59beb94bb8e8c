"""What a template needs to turn an analyst's tables into a report: settings, calculation, page, workbook, privacy."""
