"""`make screenshots`: each view of the page, light and dark, as small PNGs."""
