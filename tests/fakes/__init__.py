"""Fakes at the seams: a model endpoint, an engine. Never the thing that is tested."""
