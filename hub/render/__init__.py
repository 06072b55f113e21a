"""Reports and plans for people: terminal, Markdown, JSON."""
