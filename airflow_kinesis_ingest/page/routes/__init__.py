"""A router each, with typed answers. Every route depends on `access`."""
