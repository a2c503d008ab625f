"""From the wiring to a pipeline: programs, ports, parameters, fingerprints."""
