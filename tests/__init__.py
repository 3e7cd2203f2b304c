"""What the tests share is imported from here; a package, because gmqtt installs another one of this name."""
