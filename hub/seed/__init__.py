"""Eval-Scope's ways in (llmuses 0.4.3, July 2024), translated: flags and `task_cfg` become a task, or a hint."""
