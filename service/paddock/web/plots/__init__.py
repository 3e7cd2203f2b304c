"""Signals of a recording: what there is to plot, and the points of a plot."""
