"""report.html: the report as one self-contained page, for people who look rather than read."""
