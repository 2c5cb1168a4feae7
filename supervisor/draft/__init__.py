"""A first inventory, drafted from what already runs."""
