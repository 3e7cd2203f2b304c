"""The files behind signed links, where the object store is a directory."""
