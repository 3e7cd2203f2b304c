"""The JSON API: one module per noun, each route calling one use case."""
