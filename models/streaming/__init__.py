"""Streaming detectors over any series: causal, vectorised, calibrated by the series itself."""
