"""The model: read from its folder, given an adapter, scored and let speak."""
