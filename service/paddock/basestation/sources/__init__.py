"""Where logs lie before they are with us: one file per way to reach a car."""
