"""Conversion: from the original to columns, figures, the default MATLAB file and the viewer copy."""
