"""Pure numerical code, no I/O: features, baselines, detectors, diagnosis."""
