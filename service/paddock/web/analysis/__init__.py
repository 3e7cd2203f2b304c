"""X-Y plots, histograms, spectra and statistics of a recording: page and API."""
