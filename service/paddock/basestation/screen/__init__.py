"""The pit screen: how things stand, made for a tablet in the sun, and who drives."""
