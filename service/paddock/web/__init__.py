"""The web service: JSON API, pages, and the objects behind signed links."""
