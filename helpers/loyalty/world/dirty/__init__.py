"""The dirty export: receipts as a till system would send them, with planted faults and the list of them.

plan (what is wrong where), plant (people and receipts: repeats, staff, returns …), distort (what the files say instead
of what is true), files (one CSV a month), export (all of it, and its truth).
"""

from loyalty.world.dirty.export import DirtyExport, DirtyTruth, export_dirty

__all__ = ["DirtyExport", "DirtyTruth", "export_dirty"]
